/* Preloaded into the program: what the system refuses once, as files say. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_due(const char *variable) {
    const char *file = getenv(variable);
    return file && unlink(file) == 0;
}

/* Rust's clock panics when it fails; only on the main thread. */
int clock_gettime(clockid_t clock, struct timespec *time) {
    if (syscall(SYS_gettid) == getpid() && is_due("FAULT_CLOCK")) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_clock_gettime, clock, time);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *with) {
    if (is_due("FAULT_THREAD")) return EAGAIN;
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    return create(thread, attributes, run, with);
}
