/* Moves a process's clocks by the number of seconds in the file named by E2E_CLOCK_FILE.
 *
 * Preloaded into a client it makes a device with a wrong clock; preloaded into the server it lets
 * a test wait for a day. The file is mapped, so the suite can move time while the process runs.
 * A client's monotonic clock is left alone; the server's moves too (E2E_CLOCK_ALL), since a timer
 * that was set before the jump has to fire after it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *offset;
static int all_clocks;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

static int64_t zero;

__attribute__((constructor)) static void map_offset(void) {
    const char *path = getenv("E2E_CLOCK_FILE");
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    all_clocks = getenv("E2E_CLOCK_ALL") != NULL;
    offset = &zero;
    if (path == NULL) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) offset = page;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (real_clock_gettime == NULL) map_offset();
    int result = real_clock_gettime(clock, now);
    int wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    int running = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
                  clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
    if (result == 0 && (wall || (all_clocks && running))) now->tv_sec += *offset;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec t;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0) return -1;
    now->tv_sec = t.tv_sec;
    now->tv_usec = t.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out != NULL) *out = t.tv_sec;
    return t.tv_sec;
}
