/* Makes a process's disk fail: while the file named by CRASH_DISK_FILE holds a number other than 0, whatever would
 * change a regular file, or make or remove one, fails with that number as its errno (ENOSPC, EROFS, EIO).
 *
 * The file is mapped, so that the disk can fail and recover while the process runs. Needs no privileges. Standard
 * output and error are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int32_t zero;
static volatile int32_t *failure = &zero;

__attribute__((constructor)) static void map_failure(void) {
    const char *path = getenv("CRASH_DISK_FILE");
    if (path == NULL) return;
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    int file = real(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *failure, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) failure = page;
}

static int fails(int fd) {
    struct stat found;
    if (*failure == 0 || fd <= 2 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return 0;
    errno = *failure;
    return 1;
}

static int fails_anywhere(void) {
    if (*failure == 0) return 0;
    errno = *failure;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t size) {
    return fails(fd) ? -1 : REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return fails(fd) ? -1 : REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    return fails(fd) ? -1 : REAL(pwrite64)(fd, bytes, size, at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    return fails(fd) ? -1 : REAL(writev)(fd, parts, count);
}
int ftruncate(int fd, off_t size) { return fails(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int fallocate(int fd, int mode, off_t at, off_t size) {
    return fails(fd) ? -1 : REAL(fallocate)(fd, mode, at, size);
}
int mkdir(const char *path, mode_t mode) { return fails_anywhere() ? -1 : REAL(mkdir)(path, mode); }
int unlink(const char *path) { return fails_anywhere() ? -1 : REAL(unlink)(path); }
int rename(const char *from, const char *to) { return fails_anywhere() ? -1 : REAL(rename)(from, to); }
int chmod(const char *path, mode_t mode) { return fails_anywhere() ? -1 : REAL(chmod)(path, mode); }

/* Opening for writing fails where the disk is read-only, and where the file would have to be made. */
static int open_fails(const char *path, int flags) {
    if (*failure == 0 || (flags & O_ACCMODE) == O_RDONLY) return 0;
    struct stat found;
    int exists = stat(path, &found) == 0;
    if (exists && !S_ISREG(found.st_mode)) return 0;
    if (exists && *failure != EROFS) return 0;
    errno = *failure;
    return 1;
}

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        va_list rest;                                                               \
        va_start(rest, flags);                                                      \
        mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;                 \
        va_end(rest);                                                               \
        return open_fails(path, flags) ? -1 : REAL(name)(path, flags, mode);        \
    }
OPEN(open)
OPEN(open64)
