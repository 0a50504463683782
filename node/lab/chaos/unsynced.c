/*
 * Loaded into a validator's process (LD_PRELOAD): keeps what undoes each write that was not synced yet.
 *
 * SIGKILL loses nothing of the kernel's page cache; a power cut does. Before a watched file changes, the bytes that
 * stood there go to a log of that file; a sync that succeeded forgets what the log held when the sync began. After the
 * kill, node/lab/chaos/unsynced.py puts the old bytes back. Names (created, renamed, deleted) last from the sync of
 * their directory on, as POSIX has it.
 *
 * Watched: files directly in CHAOS_DATA, but for "-shm" (SQLite rebuilds it) and ".lock". Logs: CHAOS_UNDO/INODE.undo,
 * a head of HEAD bytes (u64 start, u64 inode), then records: u64 offset, u64 size of the file before, u64 count, count
 * old bytes. CHAOS_UNDO/names: u64 start, then lines. CHAOS_UNDO/full: once its first byte is not 0, no file grows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HEAD 16
#define FILES 256
#define PIECE 65536

struct file { dev_t dev; ino_t ino; int log; uint64_t end; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char data[PATH_MAX], undo[PATH_MAX];
static size_t data_length;
static struct file files[FILES];
static int count, names = -1, saved;
static uint64_t names_end;
static volatile unsigned char *full;

/* What cannot be logged must not happen: a log with a gap would be a lie about the disk. */
static void give_up(const char *what)
{
    dprintf(2, "unsynced: %s: %s\n", what, strerror(errno));
    _exit(70);
}

static void put(int fd, const void *bytes, size_t size, uint64_t at)
{
    if (syscall(SYS_pwrite64, fd, bytes, size, at) != (long)size)
        give_up("the log cannot be written");
}

static int make(const char *name)
{
    char path[2 * PATH_MAX];
    uint64_t start = HEAD;
    snprintf(path, sizeof path, "%s/%s", undo, name);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up(path);
    put(fd, &start, 8, 0);
    return fd;
}

__attribute__((constructor)) static void begin(void)
{
    const char *from = getenv("CHAOS_DATA"), *to = getenv("CHAOS_UNDO");
    char path[2 * PATH_MAX];
    if (!from || !to)
        return;
    snprintf(data, sizeof data, "%s", from);
    snprintf(undo, sizeof undo, "%s", to);
    names = make("names");
    names_end = HEAD;
    snprintf(path, sizeof path, "%s/full", undo);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd >= 0) {
        void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        full = page == MAP_FAILED ? NULL : page;
        close(fd);
    }
    data_length = strlen(data);
}

/* The name of a watched path below CHAOS_DATA, or NULL. */
static const char *watched(const char *path)
{
    if (!data_length || strncmp(path, data, data_length) || path[data_length] != '/')
        return NULL;
    const char *name = path + data_length + 1;
    size_t length = strlen(name);
    if (strchr(name, '/') || (length > 4 && !strcmp(name + length - 4, "-shm")))
        return NULL;
    return length > 5 && !strcmp(name + length - 5, ".lock") ? NULL : name;
}

static int path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0;
}

/* The watched file of a descriptor, or NULL; one that is not watched is kept with log -1. */
static struct file *find(int fd, struct stat *found)
{
    char path[PATH_MAX], name[64];
    if (!data_length || syscall(SYS_fstat, fd, found) || !S_ISREG(found->st_mode))
        return NULL;
    for (int at = 0; at < count; at++)
        if (files[at].ino == found->st_ino && files[at].dev == found->st_dev)
            return files[at].log < 0 ? NULL : &files[at];
    if (count == FILES || !path_of(fd, path))
        give_up("too many files");
    struct file *fresh = &files[count++];
    *fresh = (struct file){ found->st_dev, found->st_ino, -1, HEAD };
    if (!watched(path))
        return NULL;
    uint64_t inode = found->st_ino;
    snprintf(name, sizeof name, "%llu.undo", (unsigned long long)inode);
    fresh->log = make(name);
    put(fresh->log, &inode, 8, 8);
    return fresh;
}

/* Keep the old bytes of a range that is about to change. One write a record: one that was cut short is no record. */
static void keep(struct file *file, int fd, uint64_t from, uint64_t to, uint64_t size)
{
    static struct { uint64_t from, size, bytes; unsigned char old[PIECE]; } record;
    if (to > size)
        to = size;
    for (;;) {
        uint64_t bytes = from < to ? (to - from < PIECE ? to - from : PIECE) : 0;
        record.from = from, record.size = size, record.bytes = bytes;
        if (bytes && pread64(fd, record.old, bytes, (off64_t)from) != (ssize_t)bytes)
            give_up("old bytes cannot be read");
        put(file->log, &record, 24 + bytes, file->end);
        file->end += 24 + bytes;
        from += bytes;
        if (from >= to)
            return;
    }
}

static ssize_t change(int fd, const void *bytes, size_t size, int64_t at)
{
    struct stat found;
    long done;
    pthread_mutex_lock(&lock);
    struct file *file = find(fd, &found);
    if (file) {
        int flags = fcntl(fd, F_GETFL);
        uint64_t from = at >= 0 ? (uint64_t)at : flags & O_APPEND ? (uint64_t)found.st_size : (uint64_t)lseek(fd, 0, SEEK_CUR);
        if (full && *full && from + size > (uint64_t)found.st_size) {
            pthread_mutex_unlock(&lock);
            errno = ENOSPC;
            return -1;
        }
        keep(file, fd, from, from + size, (uint64_t)found.st_size);
    }
    done = at >= 0 ? syscall(SYS_pwrite64, fd, bytes, size, at) : syscall(SYS_write, fd, bytes, size);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    struct stat found;  /* a pipe or a socket may block: never under the lock */
    if (!data_length || syscall(SYS_fstat, fd, &found) || !S_ISREG(found.st_mode))
        return syscall(SYS_write, fd, bytes, size);
    return change(fd, bytes, size, -1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return change(fd, bytes, size, at); }

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return change(fd, bytes, size, at); }

int ftruncate64(int fd, off64_t size)
{
    struct stat found;
    pthread_mutex_lock(&lock);
    struct file *file = find(fd, &found);
    if (file)
        keep(file, fd, (uint64_t)size, (uint64_t)found.st_size, (uint64_t)found.st_size);
    int done = (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* Forget what a log held when a sync began: first the start, then the space. */
static void forget(int log, uint64_t *end, uint64_t mark)
{
    uint64_t start = mark;
    put(log, &start, 8, 0);
    if (mark == *end) {
        start = *end = HEAD;
        if (syscall(SYS_ftruncate, log, HEAD))
            give_up("the log cannot be cut");
        put(log, &start, 8, 0);
    }
}

static int sync_with(long number, int fd)
{
    struct stat found;
    char path[PATH_MAX];
    pthread_mutex_lock(&lock);
    struct file *file = find(fd, &found);
    int is_names = !file && data_length && !syscall(SYS_fstat, fd, &found) && S_ISDIR(found.st_mode)
        && path_of(fd, path) && !strcmp(path, data);
    uint64_t mark = file ? file->end : names_end;
    pthread_mutex_unlock(&lock);
    int done = (int)syscall(number, fd);
    pthread_mutex_lock(&lock);
    if (!done && file)
        forget(file->log, &file->end, mark);
    if (!done && is_names)
        forget(names, &names_end, mark);
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) { return sync_with(SYS_fsync, fd); }

int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

/* --- names --- */

static void note(const char *text)
{
    put(names, text, strlen(text), names_end);
    names_end += strlen(text);
}

/* A second name in CHAOS_UNDO for a file that loses its own; gives its number, or -1 if there is none. */
static int save(const char *path)
{
    char to[2 * PATH_MAX];
    snprintf(to, sizeof to, "%s/saved-%d", undo, saved);
    unlink(to);
    return linkat(AT_FDCWD, path, AT_FDCWD, to, 0) ? -1 : saved++;
}

static int open_with(int at, const char *path, int flags, mode_t mode)
{
    char line[2 * PATH_MAX];
    const char *name = at == AT_FDCWD && flags & (O_CREAT | O_TRUNC) ? watched(path) : NULL;
    if (!name)
        return (int)syscall(SYS_openat, at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int is_new = flags & O_CREAT && access(path, F_OK);
    if (is_new) {
        snprintf(line, sizeof line, "created\t%s\n", name);
        note(line);
    }
    int fd = (int)syscall(SYS_openat, at, path, flags & ~O_TRUNC, mode);
    pthread_mutex_unlock(&lock);
    if (fd >= 0 && flags & O_TRUNC && !is_new && ftruncate64(fd, 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

#define OPEN(function, at, ...) \
    int function(__VA_ARGS__, int flags, ...) \
    { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return open_with(at, path, flags, mode); \
    }

OPEN(open, AT_FDCWD, const char *path)
OPEN(open64, AT_FDCWD, const char *path)
OPEN(openat, directory, int directory, const char *path)
OPEN(openat64, directory, int directory, const char *path)

/* A file that was deleted may give its inode to another one. */
static void drop_inode(const char *path)
{
    struct stat found;
    if (stat(path, &found))
        return;
    for (int at = 0; at < count; at++)
        if (files[at].ino == found.st_ino && files[at].dev == found.st_dev && found.st_nlink == 1)
            files[at] = files[--count];
}

int unlink(const char *path)
{
    char line[2 * PATH_MAX];
    const char *name = watched(path);
    if (!name)
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    if (!access(path, F_OK)) {
        snprintf(line, sizeof line, "deleted\t%s\tsaved-%d\n", name, save(path));
        note(line);
    }
    drop_inode(path);
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to)
{
    char line[4 * PATH_MAX];
    const char *old = watched(from), *name = watched(to);
    if (!old || !name)
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_lock(&lock);
    int kept = access(to, F_OK) ? -1 : save(to);
    snprintf(line, sizeof line, "renamed\t%s\t%s\tsaved-%d\n", old, name, kept);
    note(line);
    int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
