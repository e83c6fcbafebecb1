"""Keys, requests, certificates and proofs."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from tokens import certificates, proof, public_keys
from tokens.client import proof_of
from tokens.commands import arguments, at, files
from tokens.terminal import Complaint, say

IDENTITY = ("label", "serial", "manufacturer", "model")


def register(acts):
    keygen_ = arguments.act(acts, "keygen", keygen, "トークンの中に鍵を作り、公開鍵を書き出します。")
    arguments.new_key(keygen_)
    keygen_.add_argument("--officer", action="store_true", help="管理者PIN(管理キー)で作る。YubiKeyなどで必要")
    keygen_.add_argument(
        "--id", metavar="16進数", help="鍵の識別子がトークンで決まっているとき、その番号(YubiKeyの9cは02)"
    )
    keygen_.add_argument("-o", "--output", required=True, help="公開鍵の書き出し先(PEM)")

    csr_ = arguments.act(acts, "csr", csr, "トークンの中に鍵を作り、CSRを書き出します。")
    csr_.add_argument(
        "--subject", action="append", required=True, metavar="名前=値", help="主体者の項目。順に繰り返し指定"
    )
    csr_.add_argument("--public-key", metavar="ファイル", help="keygenで作った鍵のCSRを作るとき、その公開鍵(PEM)")
    arguments.new_key(csr_)
    csr_.add_argument("-o", "--output", required=True, help="CSRの書き出し先(PEM)")

    sentence = "鍵がトークンの中で作られたことの証明(アテステーション)を書き出します。PINは要りません。"
    attest_ = arguments.act(acts, "attest", attest, sentence, pin=False)
    arguments.token(attest_)
    attest_.add_argument("--public-key", metavar="ファイル", help="keygenが書き出した公開鍵(PEM)")
    attest_.add_argument("--certificate", metavar="ファイル", help="鍵の証明書のファイル")
    attest_.add_argument("-o", "--output", required=True, help="書き出し先(PEM)")

    install_ = arguments.act(acts, "install", install, "証明書をトークンに格納します。")
    install_.add_argument("--certificate", required=True, help="証明書のファイル(中間証明書を含んでもよい)")
    install_.add_argument("--chain", action="append", default=[], help="中間証明書のファイル")

    prove_ = arguments.act(acts, "prove", prove, "証明書の鍵を持っていることの証明を作ります。")
    prove_.add_argument("--challenge", required=True, help="画面に表示された確認番号(16進数64文字)")
    prove_.add_argument("--certificate", required=True, help="証明書のファイル")
    prove_.add_argument("-o", "--output", required=True, help="証明の書き出し先")


def keygen(options):
    """A key pair alone, its public half as PEM; a request for it can follow with `csr --public-key`."""
    output = files.free(options.output)
    wanted = _wanted(options, output) | {"as_security_officer": options.officer}
    if options.id:
        wanted["cka_id"] = files.hexadecimal(options.id)
    made = at.signed_in(options, "generate", **wanted)
    key = public_keys.of_spki(made["spki"])
    files.write(output, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    say(f"鍵を用意し、公開鍵を{output}に書き出しました。")
    _tell(made)


def csr(options):
    """A key on the token and its request, as PEM; with --public-key the request is for that key. The identifier of a new
    key is written down before it is made, so that a second try after an interruption finds the same key."""
    subject = [files.pair(each) for each in options.subject]
    files.possible(subject)
    output = files.free(options.output)
    if options.public_key:
        made = at.signed_in(options, "request", spki=_spki(options.public_key), subject=subject)
    else:
        made = at.signed_in(options, "make_key", subject=subject, **_wanted(options, output))
    request = x509.load_der_x509_csr(made["csr_der"])
    files.write(output, request.public_bytes(Encoding.PEM))
    say(f"鍵を用意し、CSRを{output}に書き出しました。", f"  主体者: {request.subject.rfc4514_string()}")
    if not options.public_key:
        _tell(made)


def attest(options):
    """By which certificates the token vouches for one of its keys, as one PEM file."""
    output, spki = files.free(options.output), _attested_spki(options)
    with at.opened(options) as (worker, token):
        asked = {"token": {name: token[name] for name in IDENTITY}, "spki": spki}
        found = worker.call("attestation", timeout=at.LOOKING_SECONDS, **asked)["certificates"]
    if not found:
        raise Complaint(
            "このトークンは、この鍵のアテステーションを出しません。",
            "アテステーションのないトークンか、トークンの外で作って取り込んだ鍵です。別の方法で鍵の保護を示してください。",
        )
    made = [x509.load_der_x509_certificate(each) for each in found]
    files.write(output, b"".join(each.public_bytes(Encoding.PEM) for each in made))
    say(f"アテステーションを{output}に書き出しました。", *(f"  {each.subject.rfc4514_string()}" for each in made))
    say("  検証は、しるしの「鍵の保護」の画面に登録するときに行います。")


def _attested_spki(options):
    if options.public_key:
        return _spki(options.public_key)
    if options.certificate:
        return public_keys.spki(files.one_of(options.certificate)[0].public_key())
    raise Complaint("どの鍵かを指定してください。", "--public-key または --certificate で指定します。")


def install(options):
    """Write a certificate beside its key, and its chain."""
    leaf, chain = files.one_of(options.certificate)
    for path in options.chain:
        chain += files.certificates_in(path)
    ders = [certificates.der(each) for each in chain]
    done = at.signed_in(options, "install", certificate_der=certificates.der(leaf), chain_ders=ders)
    say("証明書をトークンに格納し、読み戻して一致を確認しました。", f"  証明書: {files.described(leaf)}")
    say(f"  トークン: {done['token']['label']} 識別子 {done['cka_id'].hex()} 中間証明書など {len(chain)}枚")


def prove(options):
    """A proof that the key of a certificate is at hand."""
    challenge, output = files.challenge(options.challenge), files.free(options.output)
    leaf, _ = files.one_of(options.certificate)
    der = certificates.der(leaf)
    made = at.signed_in(options, "prove", certificate_der=der, challenge=challenge)
    shown = proof_of(made, der, challenge)
    proof.check(shown, challenge, der)
    files.write(output, proof.to_text(shown).encode("ascii"))
    say(f"鍵を持っていることの証明を{output}に書き出しました。", f"  証明書: {files.described(leaf)}")


def _wanted(options, output):
    return {"cka_id": files.identifier(output), "label": options.label, "algorithm": options.algorithm}


def _spki(path):
    try:
        return public_keys.spki(load_pem_public_key(files.read(path)))
    except ValueError as error:
        raise Complaint(
            f"{path}は公開鍵のファイルではありません。", "keygenが書き出したファイルを指定してください。"
        ) from error


def _tell(made):
    say(f"  公開鍵(SHA-256): {made['spki_sha256'].hex()}", f"  トークンでの識別子: {made['cka_id'].hex()}")
    kept = made["attributes"]["NEVER_EXTRACTABLE"] and not made["attributes"]["EXTRACTABLE"]
    say(f"  秘密鍵の取り出し: {'できません(トークンの申告)' if kept else 'できないことを確認できませんでした'}")
