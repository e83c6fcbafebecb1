# Sourced by the commands of this folder: makes a bare Debian 12 able to run Shirushi, and moves to the repository's root.
#
#   set_up run      what the application needs
#   set_up check    that, with the packages of the tests
#   set_up test     that, with a browser and a database server
#
# Only what is missing is installed, so a second call costs a moment. What the installers print goes to var/setup.log.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

RUN_PACKAGES=(python3-venv softhsm2 opensc libreoffice-calc-nogui fonts-ipaexfont fonts-noto-cjk poppler-utils openssl)
CARD_PACKAGES=(pcscd vsmartcard-vpcd) # the virtual smartcard reader
PAD_PACKAGES=(tcc) # a compiler for webapp/practice/pad/stand_in.c, the driver of the practice reader's PIN pad
CHECK_PACKAGES=("${PAD_PACKAGES[@]}")
TEST_PACKAGES=(chromium postgresql osslsigncode openjdk-17-jdk-headless dovecot-imapd "${CARD_PACKAGES[@]}" ykcs11 yubico-piv-tool opencryptoki python3-tk xvfb)
SYSTEM_PYTHON=/usr/bin/python3
PYTHON=.venv/bin/python
SETUP_LOG=var/setup.log

set_up() {
    local packages=("${RUN_PACKAGES[@]}") requirements=requirements-dev.txt
    [[ $1 == run ]] || packages+=("${CHECK_PACKAGES[@]}")
    [[ $1 != test ]] || packages+=("${TEST_PACKAGES[@]}")
    [[ $1 != run ]] || requirements=requirements.txt
    mkdir -p var
    (
        flock 9 # two commands started together must not install at the same time
        install_packages "${packages[@]}"
        install_requirements "$requirements"
    ) 9>var/.setup.lock
}

# Messages for people go to the terminal's error side, so that a command's own output stays clean.
say() {
    printf '%s\n' "$@" >&2
}

give_up() {
    say "$@"
    exit 1
}

# System packages

install_packages() {
    local missing
    command -v dpkg-query >/dev/null ||
        give_up "このコンピューターは Debian ではないようです(dpkg がありません)。" "Debian 12 で実行してください。"
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    choose_sudo "${missing[@]}"
    say "必要なパッケージを入れています: ${missing[*]}"
    quietly "${SUDO[@]}" apt-get update
    quietly "${SUDO[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "${missing[@]}"
}

missing_packages() {
    local installed package
    installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null) || true
    for package in "$@"; do
        grep -qxF "$package installed" <<<"$installed" || printf '%s\n' "$package"
    done
}

choose_sudo() {
    SUDO=()
    [[ $EUID -eq 0 ]] && return
    if command -v sudo >/dev/null && { sudo --non-interactive true 2>/dev/null || [[ -t 0 ]]; }; then
        SUDO=(sudo)
        return
    fi
    give_up "しるしに必要なパッケージが入っていません: $*" \
        "管理者(root)になるか、sudo を使える利用者で、もう一度実行してください。" \
        "管理者が先に次のコマンドで入れておくこともできます: apt-get install --no-install-recommends $*"
}

# The virtual environment

install_requirements() {
    local stamp=.venv/installed-$1.sha256
    venv_works || make_venv
    sha256sum --check --status "$stamp" 2>/dev/null && return
    say "Python のパッケージを用意しています($1)。1分ほどかかります。"
    quietly "$PYTHON" -m pip install --require-hashes --only-binary :all: --requirement "$1" \
        --disable-pip-version-check --no-input --no-warn-script-location --root-user-action ignore
    sha256sum "$1" >"$stamp"
}

# One made by another tool has no pip of its own; one whose making was interrupted has no working Python.
venv_works() {
    [[ -x $PYTHON && -x .venv/bin/pip ]] && "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

make_venv() {
    quietly "$SYSTEM_PYTHON" -m venv --clear .venv
}

# Running installers

# The lock is kept from them: a service that a package starts would hold it for ever.
quietly() {
    "$@" >"$SETUP_LOG" 2>&1 </dev/null 9>&- && return
    say "準備に失敗しました: $1 ${2:-} ${3:-}" "最後の出力(全部は $SETUP_LOG にあります):"
    tail -n 8 "$SETUP_LOG" | without_hosts | sed 's/^/    /' >&2
    give_up "ネットワークとディスクの空きを確かめて、もう一度実行してください。終わった分はやり直しません。"
}

# Which mirror a machine uses is its own affair and does not belong in a report that somebody copies.
without_hosts() {
    sed -E "s#[a-z+]+://[^/ ]+#…#g; s/'[[:alnum:].-]+\.[[:alpha:]]{2,}'/…/g"
}
