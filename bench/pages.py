"""Each page's server time as a multiple of a bare Flask page in the same run, its weight on a first visit, and how the
lists fare when the register is a hundred times larger."""

import re
import tempfile
from pathlib import Path

from flask import Flask

from bench import Measured, measurement
from bench._house import furnished
from bench._time import median
from tests import cases
from webapp.app import create_app
from webapp.register import Application, Person, database
from webapp.settings import Settings

ROUNDS = 15
BARE = "素のFlaskの1ページ"
BUDGET = 150_000  # bytes of a first visit, all included
MANY = 5000


@measurement
def pages():
    with tempfile.TemporaryDirectory() as folder:
        client, application, officer = _house(Path(folder))
        plain = _seconds(bare(), "/")
        yield Measured(BARE, plain * 1000, "ミリ秒")
        for name, path, person in _paths(application, officer):
            sign_in(client, person)
            taken = _seconds(client, path)
            yield Measured(f"{name}: サーバー時間", taken * 1000, "ミリ秒", taken / plain, BARE)
        yield from _weights(client, application, officer)
        yield from _growth(client, officer)


def _house(folder):
    settings = Settings(data=folder, public_url="http://localhost")
    authorities = furnished(settings)
    walk = cases.Cases(authorities, folder)
    application = walk.in_use()
    for make in (walk.draft, walk.submitted, walk.examined, walk.sealed, walk.sent):
        make()
    return create_app(settings).test_client(), application, Person.get(Person.name.startswith("鈴木"))


def bare():
    """A client of a Flask application that has one small page."""
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "<!doctype html><title>ok</title><p>ok")
    return app.test_client()


def _seconds(client, path):
    """The median time of one request, after one that warms up."""

    def get():
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)

    return median(ROUNDS, get)


def sign_in(client, person):
    client.delete_cookie("shirushi")
    if person is not None:
        client.post("/session/practice", data={"person": person.id}, headers={"Origin": "http://localhost"})


def _paths(application, officer):
    """(name, path, person): every page that people open every day."""
    sato = application.applicant
    rows = {row.stage: row.id for row in Application.select().where(Application.id != application.id)}
    return [
        ("サインイン", "/session", None),
        ("ホーム(利用管理者)", "/", sato),
        ("ホーム(登録担当者)", "/", officer),
        ("申請の一覧", "/applications", officer),
        ("検索", "/applications?q=計測", officer),
        ("申請の画面(下書き)", f"/applications/{rows['draft']}", sato),
        ("申請の画面(利用中)", f"/applications/{application.id}", sato),
        ("鍵ペアとCSR", f"/applications/{rows['draft']}/csr", sato),
        ("審査", f"/applications/{rows['submitted']}/examination", officer),
        ("捺印・署名", f"/applications/{rows['examined']}/seal", officer),
        ("送付", f"/applications/{rows['sealed']}/dispatch", officer),
        ("認証局とのやりとり", f"/applications/{rows['sent']}/desk", officer),
        ("証明書", f"/certificates/{application.certificates.get().id}", sato),
    ]


def _weights(client, application, officer):
    for name, path, person in (
        ("サインイン", "/session", None),
        ("ホーム(登録担当者)", "/", officer),
        ("申請の画面(利用中)", f"/applications/{application.id}", officer),
    ):
        sign_in(client, person)
        html = client.get(path).get_data(as_text=True)
        assets = sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html)))
        weight = len(html.encode()) + sum(len(client.get(asset).get_data()) for asset in assets)
        yield Measured(f"{name}: 初回の重さ", weight / 1000, "kB", weight / BUDGET, "上限 150 kB")


def _growth(client, officer):
    """The same pages before and after MANY more applications."""
    sign_in(client, officer)
    paths = (("ホーム(登録担当者)", "/"), ("申請の一覧", "/applications"), ("検索", "/applications?q=CS-2026-0001"))
    before = {name: _seconds(client, path) for name, path in paths}
    _fill()
    for name, path in paths:
        after = _seconds(client, path)
        yield Measured(f"{name}: 申請が{MANY}件のとき", after * 1000, "ミリ秒", after / before[name], "申請が6件のとき")


def _fill():
    model = Application.get(Application.stage == "in_use").__data__
    fields = {name: value for name, value in model.items() if name != "id"}
    rows = [fields | {"number": f"CS-2025-{n:05d}", "title": f"配布用 {n}"} for n in range(MANY)]
    with database.atomic():
        for begin in range(0, MANY, 500):
            Application.insert_many(rows[begin : begin + 500]).execute()
