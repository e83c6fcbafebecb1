/* A stand-in for hardware: a PKCS#11 module over another one, with the PIN pad, habits and faults of real readers and tokens that
 * the one behind has not. For the demo's practice reader (module.py) and for tests (tests/fake_module). No product code.
 *
 * SCRIPT names a file that is read again at each call, a word or two to the line; tests/fake_module/__init__.py lists them.
 * LOG names a file that gets a line for each call, never a PIN. BEHIND is the module behind, SoftHSM's if there is none. PAD_SOCKET is the
 * socket of the PIN pad (pad.py), READER that of the reader's service. Each is compiled in, or comes from the environment (FAKE_…).
 * No header is included, so that a small compiler without the C library's files can build it.
 */
#ifndef SCRIPT
#define SCRIPT getenv("FAKE_SCRIPT")
#endif
#ifndef LOG
#define LOG getenv("FAKE_LOG")
#endif
#ifndef BEHIND
#define BEHIND getenv("FAKE_BEHIND")
#endif
#ifndef READER
#define READER 0
#endif

typedef unsigned long U;
typedef unsigned char B;
struct Mechanism { U mechanism; void *parameter; U length; };
struct Attribute { U type; void *value; U length; };
struct List { B version[2]; void *call[68]; };
struct Place { unsigned short family; char path[108]; };
struct TokenInfo { B label[32], manufacturer[32], model[16], serial[16]; U flags; U numbers[10]; B rest[20]; };

void *fopen(const char *, const char *);
int fclose(void *);
char *fgets(char *, int, void *);
int fprintf(void *, const char *, ...);
int sscanf(const char *, const char *, ...);
int snprintf(char *, U, const char *, ...);
char *getenv(const char *);
U strtoul(const char *, char **, int);
int strcmp(const char *, const char *);
int memcmp(const void *, const void *, U);
U strlen(const char *);
int usleep(unsigned);
void abort(void);
void *dlopen(const char *, int);
void *dlsym(void *, const char *);
int clock_gettime(int, long *);
int setenv(const char *, const char *, int);
int socket(int, int, int);
int connect(int, void *, unsigned);
long read(int, void *, U);
long write(int, const void *, U);
int close(int);

enum { INITIALIZE = 0, GET_LIST = 3, SLOT_LIST = 4, SLOT_INFO = 5, TOKEN_INFO = 6, MECHANISMS = 7, MECHANISM_INFO = 8, SET_PIN = 11,
       OPEN = 12, LOGIN = 18, LOGOUT = 19, CREATE = 20, GET = 24, FIND = 26, SIGN_INIT = 42, SIGN = 43, SIGN_UPDATE = 44,
       SIGN_FINAL = 45, GENERATE = 59 };
enum { FAILED = 6, DEVICE_ERROR = 0x30, CANCELED = 0x50, PIN_INVALID = 0xA1, ARGUMENTS_BAD = 7, GENERAL_ERROR = 5, ATTRIBUTE_SENSITIVE = 0x11, REMOVED = 0x32, PIN_INCORRECT = 0xA0,
       PIN_LOCKED = 0xA4, NOT_PRESENT = 0xE0, NOT_LOGGED_IN = 0x101, USER_TYPE_INVALID = 0x103 };
enum { PAD = 0x100, COUNT_LOW = 0x10000, FINAL_TRY = 0x20000, LOCKED = 0x40000 };
#define SECOND_SLOT (1UL << 40)

static struct List real, ours;
static int gone;
static unsigned grown;
static long began;

static long now(void) {
    long time[2];
    clock_gettime(1, time);
    return time[0] * 1000 + time[1] / 1000000;
}

/* The line of the script with this word (and, if given, this second word); its next word goes to `rest`. */
static int says(const char *word, const char *second, char *rest) {
    char line[200], a[64], b[64], c[64];
    int found = 0;
    void *file = fopen(SCRIPT, "r");
    if (!file) return 0;
    while (!found && fgets(line, sizeof line, file)) {
        a[0] = b[0] = c[0] = 0;
        sscanf(line, "%63s %63s %63s", a, b, c);
        found = !strcmp(a, word) && (!second || !strcmp(b, second));
    }
    fclose(file);
    if (found && rest) snprintf(rest, 64, "%s", second ? c : b);
    return found;
}

static void tell(const char *what, const char *more) {
    const char *log = LOG;
    void *file = log ? fopen(log, "a") : 0;
    if (!file) return;
    fprintf(file, "%s%s\n", what, more);
    fclose(file);
}

/* What every call does first: 0, or a return value instead of the call. */
static U first(const char *name) {
    char rest[64];
    tell(name, "");
    if (says("hang", name, 0)) for (;;) usleep(1000000);
    if (says("late", name, rest)) usleep(1000 * (unsigned)strtoul(rest, 0, 10));
    if (says("die", name, 0)) abort();
    if (says("remove", name, 0)) gone = 1;
    if (gone || says("gone", 0, 0)) return REMOVED;
    if (says("return", name, rest)) return strtoul(rest, 0, 0);
    return 0;
}
#define FIRST(name) { U early = first(name); if (early) return early; }
#define REAL(place, ...) ((U (*)(__VA_ARGS__))real.call[place])

static int misses(int change) {
    char path[400], line[20];
    int count = 0;
    void *file;
    snprintf(path, sizeof path, "%s.misses", SCRIPT);
    if ((file = fopen(path, "r"))) {
        if (fgets(line, sizeof line, file)) count = (int)strtoul(line, 0, 10);
        fclose(file);
    }
    if (change) {
        count = change < 0 ? 0 : count + 1;
        file = fopen(path, "w");
        fprintf(file, "%d\n", count);
        fclose(file);
    }
    return count;
}

static int is(const char *wanted, const B *pin, U length) {
    return pin && strlen(wanted) == length && !memcmp(wanted, pin, length);
}

/* The socket of the pad where a person presses the PIN; 0 if there is none. */
static const char *pad(void) {
#ifdef PAD_SOCKET
    return PAD_SOCKET;
#else
    return says("pad-ask", 0, 0) ? getenv("FAKE_PAD") : 0;
#endif
}

static void wipe(char *pin) {
    volatile char *each = pin;
    int place;
    for (place = 0; place < 64; place++) each[place] = 0;
}

/* Ask at the pad for `what`: the answer is "=" with the digits, or nothing if the person cancelled or the time was over. */
static U asked(const char *what, char *pin) {
    struct Place place = {1, {0}};
    char answer[66];
    U length = 0;
    long more;
    int line = socket(1, 1, 0);
    snprintf(place.path, sizeof place.path, "%s", pad());
    if (connect(line, &place, sizeof place)) { close(line); return DEVICE_ERROR; }
    write(line, what, strlen(what));
    write(line, "\n", 1);
    while (length < 64 && (more = read(line, answer + length, 64 - length)) > 0) length += more;
    close(line);
    answer[length] = 0;
    if (answer[0] == '=') snprintf(pin, 64, "%s", answer + 1);
    more = answer[0] == '=' ? 0 : CANCELED;
    wipe(answer);
    return more;
}

static U initialize(void *arguments) {
    began = now();
    return REAL(INITIALIZE, void *)(arguments);
}

static U slot_list(B present, U *slots, U *count) {
    char rest[64];
    U room = *count, answer, slot;
    tell("C_GetSlotList", "");
    if (says("late", "C_GetSlotList", rest)) usleep(1000 * (unsigned)strtoul(rest, 0, 10));
    if (says("hang", "C_GetSlotList", 0)) for (;;) usleep(1000000);
    if (gone || says("gone", 0, 0) || (says("absent", 0, rest) && now() - began < (long)strtoul(rest, 0, 10))) {
        *count = 0;
        return 0;
    }
    answer = REAL(SLOT_LIST, B, U *, U *)(present, slots, count);
    if (!answer && !slots && says("grow", 0, rest) && grown++ < strtoul(rest, 0, 10)) --*count;
    if (answer || !says("twice", 0, 0)) return answer;
    if (!slots) { *count *= 2; return 0; }
    for (slot = 0; slot < *count && *count + slot < room; slot++) slots[*count + slot] = slots[slot] | SECOND_SLOT;
    *count *= 2;
    return 0;
}

static U slot_info(U slot, void *info) {
    FIRST("C_GetSlotInfo")
    return REAL(SLOT_INFO, U, void *)(slot & ~SECOND_SLOT, info);
}

static U token_info(U slot, struct TokenInfo *info) {
    char rest[64];
    U answer, tries;
    FIRST("C_GetTokenInfo")
    answer = REAL(TOKEN_INFO, U, void *)(slot & ~SECOND_SLOT, info);
    if (answer) return answer;
    if (pad() || says("pad", 0, 0) || says("pad-flag", 0, 0)) info->flags |= PAD;
    if (says("flagless", 0, 0) || says("tries", 0, 0)) info->flags &= ~(U)(COUNT_LOW | FINAL_TRY | LOCKED);
    if (says("tries", 0, rest) && !says("flagless", 0, 0)) {
        tries = strtoul(rest, 0, 10);
        if (misses(0) >= 1) info->flags |= COUNT_LOW;
        if (misses(0) + 1 == (int)tries) info->flags |= FINAL_TRY;
        if (misses(0) >= (int)tries) info->flags |= LOCKED;
    }
    if (says("flags", 0, rest)) info->flags |= strtoul(rest, 0, 0);
    return 0;
}

static U mechanisms(U slot, U *found, U *count) {
    char number[64];
    U answer, from, to = 0;
    FIRST("C_GetMechanismList")
    answer = REAL(MECHANISMS, U, U *, U *)(slot & ~SECOND_SLOT, found, count);
    if (answer || !found) return answer;
    for (from = 0; from < *count; from++) {
        snprintf(number, sizeof number, "%#lx", found[from]);
        if (!says("without", number, 0)) found[to++] = found[from];
    }
    *count = to;
    return 0;
}

static U mechanism_info(U slot, U mechanism, void *info) {
    FIRST("C_GetMechanismInfo")
    return REAL(MECHANISM_INFO, U, U, void *)(slot & ~SECOND_SLOT, mechanism, info);
}

static U open_session(U slot, U flags, void *application, void *notify, U *session) {
    FIRST("C_OpenSession")
    return REAL(OPEN, U, U, void *, void *, U *)(slot & ~SECOND_SLOT, flags, application, notify, session);
}

static U login(U session, U user, B *pin, U length) {
    char known[64], tries[64];
    U answer;
    FIRST("C_Login")
    tell(user == 2 ? "  for one signature, " : user ? "  as the user, " : "  as the officer, ", pin ? "a PIN" : "NULL");
    if (pad() || says("pad", 0, known)) {
        if (pin || length) return ARGUMENTS_BAD;
        if (pad() && (answer = asked(user == 2 ? "signature" : user ? "user" : "officer", known))) return answer;
        if (!pad() && user == 2) says("pad-second", 0, known);
        pin = (B *)known;
        length = strlen(known);
    }
    if (says("pad-flag", 0, 0) && !pin) return PIN_INCORRECT;
    if (user == 2) {
        if (says("no-second-login", 0, 0)) return USER_TYPE_INVALID;
        if (says("second", 0, tries)) {
            if (!is(tries, pin, length)) return PIN_INCORRECT;
            says("pin", 0, known);
            pin = (B *)known;
            length = strlen(known);
        }
    }
    if (says("tries", 0, tries) && misses(0) >= (int)strtoul(tries, 0, 10)) return PIN_LOCKED;
    answer = REAL(LOGIN, U, U, B *, U)(session, user, pin, length);
    if (answer == PIN_INCORRECT) misses(1);
    else if (!answer) misses(-1);
    wipe(known);
    return answer;
}

static U logout(U session) {
    FIRST("C_Logout")
    return REAL(LOGOUT, U)(session);
}

static U set_pin(U session, B *old, U old_length, B *next, U next_length) {
    char pin[64], replaced[64], again[64];
    U answer;
    FIRST("C_SetPIN")
    tell("  ", old ? "a PIN" : "NULL");
    if (says("login-first", 0, 0) && REAL(15, U, U *)(session, (U[4]){0}) == 0) {
        U info[4];
        REAL(15, U, U *)(session, info);
        if (info[1] != 3) return NOT_LOGGED_IN; /* CKS_RW_USER_FUNCTIONS */
    }
    if (pad() || says("pad", 0, pin)) {
        if (old || next) return ARGUMENTS_BAD;
        if (pad()) {
            if ((answer = asked("user", pin)) || (answer = asked("new", replaced)) || (answer = asked("again", again))) return answer;
            if (strcmp(replaced, again)) return PIN_INVALID;
        } else says("pad-new", 0, replaced);
        old = (B *)pin, old_length = strlen(pin), next = (B *)replaced, next_length = strlen(replaced);
    }
    answer = REAL(SET_PIN, U, B *, U, B *, U)(session, old, old_length, next, next_length);
    if (answer == PIN_INCORRECT) misses(1);
    wipe(pin), wipe(replaced), wipe(again);
    return answer;
}

static U create(U session, struct Attribute *template, U count, U *object) {
    FIRST("C_CreateObject")
    return REAL(CREATE, U, void *, U, U *)(session, template, count, object);
}

static U find(U session, struct Attribute *template, U count) {
    FIRST("C_FindObjectsInit")
    return REAL(FIND, U, void *, U)(session, template, count);
}

static U get(U session, U object, struct Attribute *template, U count) {
    FIRST("C_GetAttributeValue")
    return REAL(GET, U, U, void *, U)(session, object, template, count);
}

static U sign_init(U session, struct Mechanism *mechanism, U key) {
    char number[64];
    FIRST("C_SignInit")
    if (mechanism) {
        snprintf(number, sizeof number, "%#lx", mechanism->mechanism);
        if (says("refuse", number, 0)) return 0x70;
    }
    return REAL(SIGN_INIT, U, void *, U)(session, mechanism, key);
}

static U sign(U session, B *data, U length, B *signature, U *written) {
    U answer;
    FIRST("C_Sign")
    answer = REAL(SIGN, U, B *, U, B *, U *)(session, data, length, signature, written);
    if (!answer && signature && says("spoil", 0, 0)) signature[*written - 1] ^= 1;
    return answer;
}

static U sign_final(U session, B *signature, U *written) {
    FIRST("C_SignFinal")
    return REAL(SIGN_FINAL, U, B *, U *)(session, signature, written);
}

/* A token that only takes what a template must hold: CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP, CKA_VERIFY, CKA_DERIVE are refused. */
static U generate(U session, void *mechanism, struct Attribute *public, U publics, struct Attribute *private, U privates, U *one, U *two) {
    U place;
    FIRST("C_GenerateKeyPair")
    if (says("sparse", 0, 0)) {
        for (place = 0; place < publics; place++)
            if (public[place].type >= 0x104 && public[place].type <= 0x10C) return GENERAL_ERROR;
        for (place = 0; place < privates; place++)
            if (private[place].type == 0x105 || private[place].type == 0x107 || private[place].type == 0x10C) return GENERAL_ERROR;
    }
    return REAL(GENERATE, U, void *, void *, U, void *, U, U *, U *)(session, mechanism, public, publics, private, privates, one, two);
}

U C_GetFunctionList(struct List **list) {
    struct List *found;
    const char *behind = BEHIND, *reader = READER;
    void *module;
    U answer;
    if (reader) setenv("PCSCLITE_CSOCK_NAME", reader, 1);
    module = dlopen(behind ? behind : "/usr/lib/softhsm/libsofthsm2.so", 2);
    if (!module) return FAILED;
    answer = ((U (*)(struct List **))dlsym(module, "C_GetFunctionList"))(&found);
    if (answer) return answer;
    real = ours = *found;
    ours.call[INITIALIZE] = (void *)initialize;
    ours.call[GET_LIST] = (void *)C_GetFunctionList;
    ours.call[SLOT_LIST] = (void *)slot_list;
    ours.call[SLOT_INFO] = (void *)slot_info;
    ours.call[TOKEN_INFO] = (void *)token_info;
    ours.call[MECHANISMS] = (void *)mechanisms;
    ours.call[MECHANISM_INFO] = (void *)mechanism_info;
    ours.call[OPEN] = (void *)open_session;
    ours.call[LOGIN] = (void *)login;
    ours.call[LOGOUT] = (void *)logout;
    ours.call[SET_PIN] = (void *)set_pin;
    ours.call[CREATE] = (void *)create;
    ours.call[FIND] = (void *)find;
    ours.call[GET] = (void *)get;
    ours.call[SIGN_INIT] = (void *)sign_init;
    ours.call[SIGN] = (void *)sign;
    ours.call[SIGN_FINAL] = (void *)sign_final;
    ours.call[GENERATE] = (void *)generate;
    *list = &ours;
    return 0;
}
