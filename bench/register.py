"""The pages of the register with a thousand to a million certificates: the median and the 95th of a hundred of each
page's server times, as multiples of a bare Flask page in the same run, and how they grow with the register. Growth is
measured in the work of the processor, which stays the same while others use the machine. Whatever can give the same
answer at every size is asked of a department that is the same in all of them; where a larger register has more to
show, the row says so.

`bin/bench register --certificates 100000` goes no further than that.
"""

import hashlib
import shutil
import statistics
import time

import bench
from bench import Measured, _equal, measurement, register_data
from bench.pages import BARE, bare, sign_in
from webapp import demo
from webapp.acts import Who, imports
from webapp.app import create_app
from webapp.register import Certificate, Content, Person, TrustAnchor, content, database
from webapp.settings import Settings

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SECONDS = 2.5  # for one page, and at least LEAST requests of it
LEAST, MOST = 11, 40
IMPORTED = 2_000  # rows of a list
LONGER = {  # a larger register has more to show: up to all months of all departments and people, 300 dates, 25 rows
    "統計",
    "統計(すべての期間)",
    "統計(利用管理者ごと)",
    "有効期間の図",
    "予定",
}
WORKING = register_data.KEPT / "working"


@measurement
def register():
    plain = statistics.median(_times(bare(), "/")[0])
    yield Measured(BARE, plain * 1000, "ミリ秒")
    first = {}
    sizes = [size for size in SIZES if size <= bench.limits["certificates"]]
    for size in sizes:
        shutil.rmtree(WORKING, ignore_errors=True)
        client = _client(register_data.copied(size, WORKING))
        try:
            for name, path, person in _paths(_equal.furnish()):
                sign_in(client, person)
                times, worked = _times(client, path)
                p50, p95, work = statistics.median(times), _high(times), statistics.median(worked)
                first.setdefault(name, work)
                what = f"{name}({size:,}枚)"
                yield Measured(f"{what}: p50", p50 * 1000, "ミリ秒", p50 / plain, BARE)
                yield Measured(f"{what}: p95", p95 * 1000, "ミリ秒", p95 / plain, BARE)
                if size == sizes[-1] > sizes[0]:
                    against = f"{sizes[0]:,}枚のとき" + ("(表示も増える)" if name in LONGER else "")
                    yield Measured(f"{name}: growth", work * 1000, "ミリ秒(CPU)", work / first[name], against)
            yield from _imports(size)
        finally:
            database.close()
            shutil.rmtree(WORKING, ignore_errors=True)


def _client(folder):
    settings = Settings(data=folder, public_url="http://localhost")
    app = create_app(settings)
    content.unlock(settings.content_key_file)
    database.connect(reuse_if_open=True)
    _trust(Certificate.get_by_id(1))
    return app.test_client()


def _trust(certificate):
    """The CA certificates above this one, the last of them the root: an import asks for them."""
    for sha256 in certificate.chain:
        is_root = sha256 == certificate.chain[-1]
        der = Content.get_by_id(sha256).bytes()
        TrustAnchor.create(use="certificate", name="測定用", der=der, is_root=is_root, since_on=demo.SINCE)


def _times(client, path):
    """(seconds, seconds of work) of each of several requests, after two that warm up."""
    taken, worked, end = [], [], None
    while end is None or len(taken) < LEAST + 2 or (time.perf_counter() < end and len(taken) < MOST + 2):
        begun, work = time.perf_counter(), time.thread_time()
        response = client.get(path)
        response.get_data()
        taken.append(time.perf_counter() - begun)
        worked.append(time.thread_time() - work)
        assert response.status_code == 200, (path, response.status_code)
        end = end or begun + SECONDS
    return taken[2:], worked[2:]


def _high(times):
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def _paths(equal):
    """(name, path, person): what people of the register do every day, each aimed at the middle of the register or, where
    that has an answer of another length at every size, at the 利用管理者 who is `equal` in all of them."""
    suzuki, tanaka, ito = (Person.get(Person.name.startswith(name)) for name in ("鈴木", "田中", "伊藤"))
    middle = Certificate.select(Certificate.id).order_by(-Certificate.id).scalar() // 2
    certificate = Certificate.select().where((Certificate.id > middle) & Certificate.application.is_null(False)).first()
    title, place = _equal.TITLE.format(7)[2:], equal.department.id
    return [
        ("証明書の一覧", "/certificates", suzuki),
        ("申請の一覧", "/applications", suzuki),
        ("申請番号で探す", f"/certificates?q={certificate.number}", suzuki),
        ("シリアル番号で探す", f"/certificates?q={certificate.serial}", suzuki),
        ("氏名で探す", f"/certificates?q={equal.name}", suzuki),
        ("管理名称の一部で探す", f"/certificates?q={title}", suzuki),
        ("よくある言葉で探す", "/certificates?q=配布", suzuki),
        ("どこにもない言葉で探す", "/certificates?q=存在しない名称", suzuki),
        ("月で探す", f"/certificates?q={certificate.received_at:%Y-%m}", suzuki),
        ("申請の検索", f"/applications?q={certificate.number}", suzuki),
        ("一覧の半ばのページ", f"/certificates?after={certificate.id}", suzuki),
        ("有効期限の順", "/certificates?sort=end", suzuki),
        ("有効期限の順の半ば", f"/certificates?sort=end&after={certificate.id}", suzuki),
        ("利用中の古い順", "/certificates?state=in_use&sort=received", suzuki),
        ("部局と状態で絞る", f"/certificates?department={place}&state=in_use", suzuki),
        ("利用管理者の一覧", "/certificates", equal),
        ("利用管理者の検索", f"/certificates?q={title}", equal),
        ("ホーム(利用管理者)", "/", equal),
        ("ホーム(登録担当者)", "/", suzuki),
        ("ホーム(機関責任者)", "/", tanaka),
        ("ホーム(監査担当者)", "/", ito),
        ("統計", "/statistics", suzuki),
        ("統計(すべての期間)", "/statistics?period=all", suzuki),
        ("統計(1つの部局)", f"/statistics?department={place}", suzuki),
        ("統計(利用管理者ごと)", "/statistics?of=person", suzuki),
        ("有効期間の図", "/timeline", suzuki),
        ("有効期間の図(1つの部局)", f"/timeline?department={place}", suzuki),
        ("予定", "/calendar", suzuki),
        ("予定(利用管理者)", "/calendar", equal),
        ("操作記録", "/records", ito),
        ("1,000件の保存(CSV)", _export("csv"), suzuki),
        ("1,000件の保存(Excel)", _export("xlsx"), suzuki),
    ]


def _export(kind):
    """The address of an export of just a thousand rows: those that end until the day of the thousandth."""
    row = Certificate.select().order_by(Certificate.not_after, Certificate.id).offset(999).limit(1).first()
    return f"/certificates/export?format={kind}&until={row.ends_on.isoformat()}"


def _imports(size):
    """Rows a second of a list that is read, and then registered."""
    suzuki = Who(Person.get(Person.name.startswith("鈴木")), "192.0.2.1")
    last = Certificate.select(Certificate.id).order_by(-Certificate.id).scalar()
    begun = time.perf_counter()
    batch = imports.read_import(suzuki, "以前の証明書.csv", _list())
    read = time.perf_counter()
    imports.import_certificates(batch, suzuki)
    imports.carry_on(batch.id)
    done = time.perf_counter()
    registered = Certificate.select().where(Certificate.id > last).count()
    assert registered == IMPORTED, (registered, batch.counts())
    yield Measured(f"取り込みの読み取り({size:,}枚)", IMPORTED / (read - begun), "行/秒")
    yield Measured(f"取り込みの登録({size:,}枚)", IMPORTED / (done - read), "行/秒")


def _list():
    lines = ["シリアル番号(16進),主体者DN,開始日,終了日,管理名称,用途,利用管理者,所属"]
    lines += [
        f'{hashlib.sha256(b"%d" % n).hexdigest()[:32]},"CN=Shinsei University, O=Shinsei University, C=JP",2026-01-05,2027-03-31,'
        f"移行分 {n},配布,佐藤 次郎,工学部 計測工学研究室"
        for n in range(IMPORTED)
    ]
    return "\r\n".join(lines).encode()
