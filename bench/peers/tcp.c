/* The floor under bench/mpi/rank.ts where messages go by TCP: two processes, one socket, blocking calls, nothing else.
 * tcp KIND SIZE COUNT ROUNDS WARM [ADDRESS NAMESPACE NAMESPACE] prints the seconds of each round, after WARM milliseconds untimed. KIND is
 * latency or bandwidth. The second process listens at ADDRESS, by itself 127.0.0.1; a NAMESPACE is a path, of each process its own. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { window = 64 };
static char *buffer;
static int bytes, count, stream;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void put(int fd, int n) {
  for (int at = 0, done; at < n; at += done)
    if ((done = write(fd, buffer + at, n - at)) <= 0) fail("write");
}

static void get(int fd, int n) {
  for (int at = 0, done; at < n; at += done)
    if ((done = read(fd, buffer + at, n - at)) <= 0) fail("read");
}

static void run(int fd, int rank) {
  for (int i = 0; i < count; i++) {
    for (int k = 0; k < (stream ? window : 1); k++) {
      if (rank == 0) put(fd, bytes);
      else get(fd, bytes);
    }
    int answer = stream ? 1 : bytes;
    if (rank == 0) get(fd, answer);
    else put(fd, answer);
  }
}

static void enter(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET)) fail(path);
  close(fd);
}

static int tcp(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("socket");
  return fd;
}

static void no_delay(int fd) {
  int one = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one)) fail("TCP_NODELAY");
}

/* Runs as often as the other says so: a byte each time. */
static void second(int port_out, struct in_addr address, const char *space) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = address};
  socklen_t length = sizeof at;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (space) enter(space);
  int listener = tcp();
  if (bind(listener, (struct sockaddr *)&at, length) || listen(listener, 1)) fail("listen");
  getsockname(listener, (struct sockaddr *)&at, &length);
  if (write(port_out, &at.sin_port, sizeof at.sin_port) != sizeof at.sin_port) fail("pipe");
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) fail("accept");
  no_delay(fd);
  for (;;) {
    get(fd, 1);
    if (buffer[0] != 'r') exit(0);
    put(fd, 1);
    run(fd, 1);
  }
}

static double round_of(int fd) {
  buffer[0] = 'r';
  put(fd, 1);
  get(fd, 1);
  double start = now();
  run(fd, 0);
  return now() - start;
}

int main(int argc, char **argv) {
  if (argc != 6 && argc != 9) return 2;
  stream = !strcmp(argv[1], "bandwidth");
  if (!stream && strcmp(argv[1], "latency")) return 2;
  bytes = atoi(argv[2]);
  count = atoi(argv[3]);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (argc > 6 && !inet_aton(argv[6], &at.sin_addr)) return 2;
  buffer = calloc(bytes + 64, 1);
  int ports[2];
  if (!buffer || pipe(ports)) fail("set up");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) second(ports[1], at.sin_addr, argc > 8 ? argv[8] : NULL);
  close(ports[1]);
  if (argc > 7) enter(argv[7]);
  if (read(ports[0], &at.sin_port, sizeof at.sin_port) != sizeof at.sin_port) fail("the other process");
  int fd = tcp();
  if (connect(fd, (struct sockaddr *)&at, sizeof at)) fail("connect");
  no_delay(fd);
  double end = now() + atof(argv[5]) / 1000;
  while (now() < end) round_of(fd);
  for (int i = 0; i < atoi(argv[4]); i++) printf("%.9f\n", round_of(fd));
  buffer[0] = 'q';
  put(fd, 1);
  int status;
  waitpid(child, &status, 0);
  return status != 0;
}
