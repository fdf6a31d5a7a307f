/* UTF-8, strict numbers, ids, anchors, whole files. */
#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

/* Unicode 15, table 3-7, by the definition: decode, and see whether encoding gives the same bytes.
 */
static bool valid_by_definition(const unsigned char *s, size_t len) {
    for (size_t i = 0; i < len;) {
        uint32_t code;
        size_t n;
        if (s[i] < 0x80) {
            if (s[i] == 0) return false;
            i++;
            continue;
        }
        if ((s[i] & 0xE0) == 0xC0) n = 2, code = s[i] & 0x1Fu;
        else if ((s[i] & 0xF0) == 0xE0) n = 3, code = s[i] & 0x0Fu;
        else if ((s[i] & 0xF8) == 0xF0) n = 4, code = s[i] & 0x07u;
        else return false;
        if (i + n > len) return false;
        for (size_t k = 1; k < n; k++) {
            if ((s[i + k] & 0xC0) != 0x80) return false;
            code = code << 6 | (s[i + k] & 0x3Fu);
        }
        if (code < (n == 2   ? 0x80u
                    : n == 3 ? 0x800u
                             : 0x10000u) ||
            code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return false;
        i += n;
    }
    return true;
}

static void test_utf8_every_pair_and_many_longer(void **state) {
    (void)state;
    unsigned char s[16];
    for (unsigned x = 0; x < 65536; x++) {
        s[0] = (unsigned char)(x >> 8);
        s[1] = (unsigned char)x;
        assert_int_equal(utf8_valid((char *)s, 2), valid_by_definition(s, 2));
    }
    /* Lead bytes with every interesting second byte, in every place of a longer text: eight bytes
     * may be read at once. */
    static const unsigned char edges[] = {0x00, 0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                          0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
                                          0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
    size_t n = sizeof edges;
    for (size_t i = 0; i < n * n * n * n; i++) {
        unsigned char four[4] = {edges[i % n], edges[i / n % n], edges[i / n / n % n],
                                 edges[i / n / n / n]};
        assert_int_equal(utf8_valid((char *)four, 4), valid_by_definition(four, 4));
        for (size_t at = 0; at <= 12; at += 3) {
            memset(s, 'a', sizeof s);
            memcpy(s + at, four, 4);
            assert_int_equal(utf8_valid((char *)s, sizeof s), valid_by_definition(s, sizeof s));
        }
    }
}

static void test_utf8_lengths(void **state) {
    (void)state;
    assert_int_equal(utf8_length_at("", 0), 0);
    assert_int_equal(utf8_length_at("é", 2), 2);
    assert_int_equal(utf8_length_at("é", 1), 0);
    assert_int_equal(utf8_length_at("🎓", 4), 4);
    assert_int_equal(utf8_length_at("\xC0\x80", 2), 0);
    assert_int_equal(utf8_count(""), 0);
    assert_int_equal(utf8_count("ไทย🎓e"), 5);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-5", true, -5},
        {"42", true, 42},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
        {"1.0", false, 0},
        {"--1", false, 0},
        {"٣", false, 0},
        {NULL, false, 0},
        {"99999999999999999999999999", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 77;
        assert_int_equal(parse_i64(cases[i].text, INT64_MIN, INT64_MAX, &value), cases[i].good);
        assert_int_equal(value, cases[i].good ? cases[i].value : 77);
    }
    int64_t value;
    assert_true(parse_i64("10", 1, 10, &value));
    assert_false(parse_i64("11", 1, 10, &value));
    assert_false(parse_i64("0", 1, 10, &value));
}

static void test_ids(void **state) {
    (void)state;
    char long_id[66];
    memset(long_id, 'a', 65);
    long_id[65] = '\0';
    assert_false(id_valid(long_id));
    long_id[64] = '\0';
    assert_true(id_valid(long_id));
    static const char *const good[] = {"a", "7", "data-basics", "x--y", "a-"};
    static const char *const bad[] = {"", "-a", "A", "a_b", "a b", "a/b", "..", "é", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(id_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(id_valid(bad[i]));
    assert_false(id_valid(NULL));
}

static void test_slugs(void **state) {
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"Systems of record", "systems-of-record"},
        {"What to take with you", "what-to-take-with-you"},
        {"  Many   blanks  ", "many-blanks"},
        {"It's 50% (or so), isn't it?", "its-50-or-so-isnt-it"},
        {"ภาษาไทย", "ภาษาไทย"},
        {"", "section"},
        {"?!", "section"},
        {"---", "section"},
        {"a-b - c", "a-b-c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(slug_from(*state, cases[i].text), cases[i].want);
}

static void test_small_things(void **state) {
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_true(str_has_prefix("abc", "ab"));
    assert_false(str_has_prefix("a", "ab"));
    assert_true(str_has_suffix("a[]", "[]"));
    assert_false(str_has_suffix("]", "[]"));
    assert_string_equal(str_trim(*state, " \t\r\n x y \v\f"), "x y");
    assert_string_equal(str_trim(*state, "   "), "");
}

static void test_lower_case(void **state) {
    for (int c = 0; c < 256; c++)
        assert_int_equal((unsigned char)ascii_lower((char)c), c >= 65 && c <= 90 ? c + 32 : c);
    const char *text = "@AMZ[`az{ Ärger É";
    assert_string_equal(str_lower(*state, text), "@amz[`az{ Ärger É");
    assert_string_equal(text, "@AMZ[`az{ Ärger É");
    assert_string_equal(str_lower(*state, ""), "");
}

static void test_hex_digits(void **state) {
    (void)state;
    static const char digits[] = "0123456789abcdef", capitals[] = "0123456789ABCDEF";
    int found = 0;
    for (int c = 0; c < 256; c++) found += hex_digit((char)c) >= 0;
    assert_int_equal(found, 22);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(hex_digit(digits[i]), i);
        assert_int_equal(hex_digit(capitals[i]), i);
    }
}

static void nothing(int signal) { (void)signal; }

/* A pipe takes a part at a time, and a signal interrupts: all of it arrives, in its order. */
static void test_write_whole(void **state) {
    enum { SIZE = 1 << 20 };
    unsigned char *sent = arena_raw(*state, SIZE), got[4096];
    for (size_t i = 0; i < SIZE; i++) sent[i] = (unsigned char)(i % 251);
    int ends[2], status = -1;
    assert_int_equal(pipe(ends), 0);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = nothing}, NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        struct itimerval often = {{.tv_usec = 500}, {.tv_usec = 500}};
        setitimer(ITIMER_REAL, &often, NULL);
        _exit(write_whole(ends[1], sent, SIZE) ? 0 : 1);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(ends[0], got, sizeof got)) > 0; len += (size_t)n) {
        assert_true(len + (size_t)n <= SIZE);
        assert_memory_equal(sent + len, got, (size_t)n);
        if (len % (64 * 4096) == 0) usleep(2000);
    }
    close(ends[0]);
    assert_int_equal(len, SIZE);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    int null = open("/dev/null", O_RDONLY);
    assert_true(write_whole(null, "", 0));
    assert_false(write_whole(null, "x", 1));
    assert_int_equal(errno, EBADF);
    close(null);
}

static void test_files(void **state) {
    struct arena *a = *state;
    char folder[] = "/tmp/gradus-text-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(a, "%s/file", folder);
    size_t len = 0;
    assert_null(file_read(a, path, 100, &len));
    assert_int_equal(errno, ENOENT);
    assert_true(file_write(path, "a\0b", 3, 0600));
    char *text = file_read(a, path, 3, &len);
    assert_non_null(text);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "a\0b", 4);
    assert_null(file_read(a, path, 2, &len));
    assert_int_equal(errno, EFBIG);
    /* A new one replaces the old one whole, with the rights asked for. */
    umask(0022);
    assert_true(file_write(path, "longer text", 11, 0640));
    assert_string_equal(file_read(a, path, 100, &len), "longer text");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    /* Nothing but files is read: a folder, a pipe that nobody writes to. */
    assert_null(file_read(a, folder, 100, &len));
    const char *pipe_path = arena_printf(a, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_null(file_read(a, pipe_path, 100, &len));
    /* What cannot be written leaves nothing. */
    assert_false(file_write(arena_printf(a, "%s/none/file", folder), "x", 1, 0600));
    assert_int_equal(errno, ENOENT);
    unlink(path);
    unlink(pipe_path);
    assert_int_equal(rmdir(folder), 0);
}

/* A crash may leave a temporary file behind; a later process may have the same number. */
static void test_file_write_beside_a_left_over(void **state) {
    struct arena *a = *state;
    char folder[] = "/tmp/gradus-text-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(a, "%s/file", folder);
    const char *const left[] = {arena_printf(a, "%s.tmp", path),
                                arena_printf(a, "%s.%ld.tmp", path, (long)getpid())};
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(left[i], "w");
        assert_non_null(f);
        fclose(f);
    }
    assert_true(file_write(path, "new", 3, 0600));
    size_t len;
    assert_string_equal(file_read(a, path, 100, &len), "new");
    for (int i = 0; i < 2; i++) unlink(left[i]);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

/* A folder that is there is not taken for one that is not. */
static void test_folder_without_descriptors(void **state) {
    struct arena *a = *state, own;
    struct rlimit was, none;
    arena_init(&own, 1024 * 1024);
    volatile bool left = false;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = (struct rlimit){0, was.rlim_max};
    if (ARENA_GUARD(&own) == 0) {
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_null(dir_open(&own, "/")); /* leaves */
    } else left = true;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_true(left && own.starved);
    arena_release(&own);
    assert_null(dir_open(a, "/nowhere-at-all"));
    assert_non_null(dir_open(a, "/"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_utf8_every_pair_and_many_longer),
        TEST(test_utf8_lengths),
        TEST(test_numbers),
        TEST(test_ids),
        TEST(test_slugs),
        TEST(test_small_things),
        TEST(test_lower_case),
        TEST(test_hex_digits),
        TEST(test_write_whole),
        TEST(test_files),
        TEST(test_file_write_beside_a_left_over),
        TEST(test_folder_without_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
