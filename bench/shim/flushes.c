/* Counts how often a process asks the disk to be done: preloaded into the server by the benchmark, it adds one to a
 * number in the file named by BENCH_FLUSHES for each fsync and fdatasync. The file is mapped, so that counting costs
 * nothing beside what is counted.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic int64_t unread;
static _Atomic int64_t *count = &unread;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void map_count(void) {
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *path = getenv("BENCH_FLUSHES");
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) count = page;
}

int fsync(int file) {
    atomic_fetch_add(count, 1);
    return real_fsync(file);
}

int fdatasync(int file) {
    atomic_fetch_add(count, 1);
    return real_fdatasync(file);
}
