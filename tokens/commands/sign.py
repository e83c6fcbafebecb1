"""Signing programs, and writing down what was signed for the 署名簿."""

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tokens import authenticode, certificates, program_signature, prompts, signing_record, signing_tools, standing
from tokens.commands import arguments, at, files
from tokens.errors import TokenError, named
from tokens.pin_entry import sign_in
from tokens.signing_record import SigningRecord
from tokens.signing_tools import JARSIGNER, OSSLSIGNCODE
from tokens.station import sending
from tokens.terminal import Complaint, say

SUFFIX = ".signing.json"
JARS = (".jar", ".war", ".ear")
NO_STAMP = "タイムスタンプがありません。証明書の期限が切れるか失効すると、この署名は無効になります。"
UNSEEN = "この形式からは署名を取り出せないため、記録にはハッシュだけが入ります。タイムスタンプは未検証になります。"


def register(acts):
    command = arguments.act(acts, "sign", sign, "プログラムに署名し、署名簿に登録する記録を書き出します。")
    command.add_argument("files", nargs="+", metavar="ファイル", help="署名するプログラム(.exe、.dll、.sys、.jar)")
    command.add_argument("--certificate", required=True, help="署名に使う証明書のファイル(中間証明書を含んでもよい)")
    command.add_argument(
        "-o", "--output", required=True, metavar="フォルダー", help="署名したファイルと記録の書き出し先"
    )
    command.add_argument("--release", default="", metavar="版", help="版(リリース)の名前")
    command.add_argument("--timestamp", default="", metavar="URL", help="タイムスタンプ局(RFC 3161)のアドレス")
    command.add_argument("--standing", metavar="ファイル", help="しるしで保存した、証明書の状態のファイル")
    command.add_argument(
        "--record", action="store_true", help="署名はせず、ほかのツールで署名したファイルの記録だけを書き出す"
    )
    command.add_argument(
        "--station",
        nargs="?",
        const="",
        metavar="アドレス",
        help="ペアリングしたしるしに、署名の前に証明書の状態を尋ね、署名したら記録を登録する(ペアリング先が1つならアドレスは不要)",
    )
    command.add_argument("--before", metavar="ファイル", help="--recordのとき、署名する前のファイル")
    command.add_argument("--tool", default="", metavar="名前", help="--recordのとき、署名に使ったツールの名前")
    _register_send(acts)


def _register_send(acts):
    sentence = "署名の記録を、ペアリングした署名ステーションとして、しるしの署名簿に登録します。"
    command = acts.add_parser("send", help=sentence, description=sentence)
    command.set_defaults(act=send)
    command.add_argument("files", nargs="+", metavar="記録", help="signが書き出した記録(.signing.json)")
    command.add_argument("--station", default="", metavar="アドレス", help="ペアリング先(1つなら不要)")


def sign(options):
    certificate, chain = files.one_of(options.certificate)
    if len(options.release) > signing_record.LONGEST or not options.release.isprintable():
        raise Complaint("版の名前が長すぎるか、使えない文字があります。", "1行、200文字以内で指定してください。")
    folder, programs = _places(options)
    sender = None if options.station is None else sending.sender(options.station)
    if options.record:
        _send(sender, certificate, _record_only(options, certificate, programs, folder))
        return
    standing.require_valid(certificate)
    if options.standing:
        standing.require_standing(certificate, files.read(options.standing))
    if sender:
        standing.require_standing(certificate, sender.standing(certificate))
    tool = _tool_for(programs)
    told = signing_tools.version(tool)
    say("次のファイルに署名します。", *(f"  {path}" for path in programs), f"  証明書: {files.described(certificate)}")
    with TemporaryDirectory(prefix="shirushi-sign-") as moment:
        make = _sign_programs if tool == OSSLSIGNCODE else _sign_jars
        kept = [_kept(path, Path(moment), number) for number, path in enumerate(programs)]
        signed, records = make(options, certificate, chain, kept, Path(moment)), []
        for path, before, after in zip(programs, kept, signed, strict=True):
            data = after.read_bytes()
            files.write(folder / path.name, data)
            digest = _digest(before.read_bytes())
            records.append(_write_record(options, certificate, folder, path.name, data, digest, told))
    _send(sender, certificate, records)


def send(options):
    """Have records that were written before registered through the paired station."""
    sender = sending.sender(options.station)
    for path in map(Path, options.files):
        try:
            record = signing_record.from_bytes(files.read(path))
            certificate = x509.load_der_x509_certificate(record.certificate)
        except ValueError as error:
            advice = "python -m tokens sign が書き出した記録(.json)を指定してください。"
            raise Complaint(f"{path}は、署名の記録ではありません。", advice) from error
        _send(sender, certificate, [path])


def _send(sender, certificate, records):
    """Have the records (Paths) registered, if there is a station to do it through."""
    for number, path in enumerate(records if sender else ()):
        try:
            outcome = sender.send(certificate, path.read_bytes())
        except TokenError as error:
            left = " ".join(str(each) for each in records[number:])
            advice = f"{error.advice} 署名は済んでいます。記録はあとから登録できます: python -m tokens send {left}"
            raise Complaint(f"記録をしるしに登録できませんでした。{error.message}", advice) from error
        told = "登録しました" if outcome == sending.REGISTERED else "すでに登録されています"
        say(f"  署名簿: {path.name}は、しるしに{told}({sender.server.origin})。")


def _record_only(options, certificate, programs, folder):
    """Write down what another tool has signed: it has happened, so that an ended certificate is told, not refused. Returns the
    records' Paths."""
    try:
        standing.require_valid(certificate)
    except Complaint as complaint:
        say(f"ご注意: {complaint.message.removesuffix('署名しません。')}")
    if options.before and len(programs) > 1:
        raise Complaint("--beforeは、ファイルが1つのときだけ指定できます。")
    before = _digest(_read(options.before)) if options.before else None
    tool = options.tool[: signing_record.LONGEST]
    return [_write_record(options, certificate, folder, path.name, _read(path), before, tool) for path in programs]


def _write_record(options, certificate, folder, name, data, before, tool):
    signature = program_signature.signed_data(data)
    der = certificates.der(certificate)
    if signature is not None and der not in signature:
        raise Complaint(f"{name}は、この証明書で署名されていません。", "証明書のファイルをお確かめください。")
    record = SigningRecord(
        name=name[-signing_record.LONGEST :],
        release=options.release,
        sha256=_digest(data),
        sha256_before=before,
        signed_at=(signature and program_signature.said_at(signature)) or datetime.now(UTC),
        tool=tool,
        certificate=der,
        signature=signature,
    )
    path = folder / f"{name}{SUFFIX}"
    files.write(path, signing_record.to_bytes(record))
    say(f"{folder / name if not options.record else name}", f"  SHA-256: {record.sha256}", f"  記録: {path}")
    stamped_at = signature and program_signature.stamped_at(signature)
    if stamped_at:
        local = stamped_at.astimezone(certificates.JAPAN)
        say(f"  タイムスタンプ: {local:%Y-%m-%d %H:%M:%S}(検証は、しるしに登録するときに行います)")
    else:
        say(f"  ご注意: {NO_STAMP if signature else UNSEEN}")
    return path


# The files


def _places(options):
    """(folder of the outcome, programs) once nothing is in the way. Raises Complaint."""
    programs = [Path(each) for each in options.files]
    names = [path.name for path in programs]
    if len(set(names)) != len(names):
        raise Complaint("同じ名前のファイルがあります。", "分けて署名してください。")
    folder = Path(options.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Complaint(f"{folder}を作れません。", "フォルダーの名前と場所をお確かめください。") from error
    for name in names:
        if not options.record:
            files.free(folder / name)
        files.free(folder / f"{name}{SUFFIX}")
    return folder, programs


def _tool_for(programs):
    kinds = {_kind(path) for path in programs}
    if len(kinds) > 1:
        raise Complaint("Windowsのプログラムと JAR は、一度には署名できません。", "分けて署名してください。")
    return kinds.pop()


def _kind(path):
    head = _read(path)[:2]
    if head == b"MZ":
        return OSSLSIGNCODE
    if head == b"PK" and path.suffix.lower() in JARS:
        return JARSIGNER
    raise Complaint(
        f"{path.name}には、このコマンドでは署名できません。署名できるのは.exe、.dll、.sys、.jarです。",
        "お使いのツールで署名してから、sign --record で記録を書き出してください。",
    )


def _kept(path, folder, number):
    """A copy that nobody changes while it is digested and signed."""
    kept = folder / f"{number}{path.suffix.lower()}"
    kept.write_bytes(_read(path))
    return kept


def _read(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Complaint(f"{path}を開けません。", "ファイルの名前と場所をお確かめください。") from error


def _digest(data):
    return hashlib.sha256(data).hexdigest()


# The signatures


def _sign_programs(options, certificate, chain, programs, folder):
    """Windows programs, all of them with one PIN; returns the Paths of the signed ones."""
    from tokens import cms  # pyHanko takes a second to load

    der, now = certificates.der(certificate), datetime.now(UTC)
    digested = [signing_tools.digested(path, folder) for path in programs]
    wanted = [authenticode.attributes(each, now) for each in digested]
    with at.opened(options) as (worker, token):
        arguments = {"certificate_der": der, "signed_attributes_ders": wanted}
        signatures = at.asked(options, worker, token, "sign_programs", **arguments)["signatures"]
    made = []
    above = [certificates.der(each) for each in chain]
    for path, data, attributes, signature in zip(programs, digested, wanted, signatures, strict=True):
        cms.checked(der, signature, attributes)
        signed, output = authenticode.signed(data, attributes, signature, der, above), path.with_suffix(".signed")
        signing_tools.attach(path, signed, output, folder)
        if options.timestamp:
            signing_tools.stamp(output, options.timestamp, path.with_suffix(".stamped"))
            output = path.with_suffix(".stamped")
        made.append(output)
    return made


class _Remembering:
    """A prompt that keeps the PIN it was given, for jarsigner, which signs in by itself."""

    def __init__(self, prompt):
        self.prompt, self.given = prompt, None

    def pin(self, question):
        given = self.prompt.pin(question)
        self.given = self.given or given
        return given

    def __getattr__(self, name):
        return getattr(self.prompt, name)


def _sign_jars(options, certificate, chain, jars, folder):
    """JARs, all of them with one PIN: it is tried here first, with the key of the certificate, so that jarsigner gets none
    but the right one."""
    der = certificates.der(certificate)
    prompt = _Remembering(prompts.prompt(options.pin_fd))
    with at.opened(options) as (worker, token):
        alias, place = _alias(token, der), _place(worker, token)
        arguments = {"certificate_der": der, "challenge": secrets.token_bytes(32)}
        sign_in(worker, token, prompt, "prove", entry=options.pin_entry or "", **arguments)
        module = worker.module
    configuration = folder / "pkcs11.cfg"
    configuration.write_text(f"name = shirushi\nlibrary = {module}\nslotListIndex = {place}\n", "utf-8")
    above = _chain_file(certificate, chain, folder)
    for jar in jars:
        output = jar.with_suffix(".signed")
        signing_tools.sign_jar(jar, output, configuration, alias, certificate, above, prompt.given, options.timestamp)
    return [jar.with_suffix(".signed") for jar in jars]


def _alias(token, der):
    label = next((each["label"] for each in token["certificates"] if each["der"] == der), None)
    if label is None:
        raise named("no_certificate")
    if not label or [each["label"] for each in token["certificates"]].count(label) > 1:
        raise Complaint(
            "トークンの中の証明書に名前がないか、同じ名前のものが2枚以上あるため、jarsignerで選べません。",
            "お使いのツールで署名してから、sign --record で記録を書き出してください。",
        )
    return label


def _place(worker, token):
    """The place of the token's slot in the module's list, by which SunPKCS11 finds it."""
    slots = worker.call("describe", timeout=at.LOOKING_SECONDS)["slots"]
    names = [slot["token"] and (slot["token"]["label"], slot["token"]["serial"]) for slot in slots]
    return names.index((token["label"], token["serial"]))


def _chain_file(certificate, chain, folder):
    if not chain:
        return None
    path = folder / "chain.pem"
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in [certificate, *chain]))
    return path
