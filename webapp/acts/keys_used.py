"""Where a public key (CSR-06), a ZIP password (PWD-01) or a name (DUP-01) is used already."""

from webapp.acts.form_values import registered_subject
from webapp.procedure import ENDS, Stage
from webapp.register import Application, Certificate, Csr

NEWEST = 200  # the password is compared with those of so many applications that are still open


def uses_of_key(spki_sha256, application):
    """Sentences naming where a public key is used already (CSR-06). This application and its certificate do not count,
    nor do its own applicant's withdrawn or refused ones that never had a certificate."""
    elsewhere = Certificate.application.is_null() | (Certificate.application != application.id)
    certificates = Certificate.select().where((Certificate.spki_sha256 == spki_sha256) & elsewhere)
    found = [f"証明書 シリアル番号 {row.serial}({row.number or '取り込んだもの'})" for row in certificates]
    ended = Application.stage.in_([Stage.WITHDRAWN.value, Stage.REFUSED.value])
    predecessor = ended & (Application.applicant == application.applicant_id)
    others = (
        Csr.select(Csr, Application)
        .join(Application)
        .where((Csr.spki_sha256 == spki_sha256) & (Application.id != application.id) & ~predecessor)
    )
    return found + [f"申請 {row.application.number}" for row in others]


def is_password_reused(application):
    """Whether another open application has the same ZIP password, among the NEWEST; this one has one."""
    ended = {stage.value for ends in ENDS.values() for stage in ends}
    is_open = Application.zip_password.is_null(False) & Application.stage.not_in(ended)
    others = Application.select().where(is_open & (Application.id != application.id)).order_by(-Application.id)
    return application.password() in (other.password() for other in others.limit(NEWEST))


def namesake(title):
    """The newest certificate with this 管理名称 and the institution's registered subject DN, or None (DUP-01). The
    profile's DN is the same for all, so that only the 管理名称 tells certificates apart."""
    subject = registered_subject()
    same = (Certificate.title == title) & (Certificate.subject == subject)
    return Certificate.select().where(same).order_by(-Certificate.id).first()
