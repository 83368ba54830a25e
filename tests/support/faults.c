/* Preloaded into the program: what the system refuses once, as files say, and a sudden end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Ends the program, and none that it starts, before the call with this number of those that
   change files. */
static void step(void) {
    static int count;
    const char *last = getenv("FAULT_KILL");
    if (last && strcmp(program_invocation_short_name, "heroku-chat") == 0
        && __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) == atoi(last))
        kill(getpid(), SIGKILL);
}

#define STEP(name, parameters, is_counted, ...)             \
    int name parameters {                                   \
        if (is_counted) step();                             \
        int (*next) parameters = dlsym(RTLD_NEXT, #name);   \
        return next(__VA_ARGS__);                           \
    }

STEP(open64, (const char *path, int flags, mode_t mode), flags & 3, path, flags, mode)
STEP(chmod, (const char *path, mode_t mode), 1, path, mode)
STEP(fsync, (int file), 1, file)
STEP(mkdir, (const char *path, mode_t mode), 1, path, mode)
STEP(rmdir, (const char *path), 1, path)
STEP(unlink, (const char *path), 1, path)
