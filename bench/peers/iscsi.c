/* The peer of bench/iscsi/initiator.ts: the same measurements with libiscsi.
 * iscsi PORTAL TARGET LUN DIGEST SECONDS KIND:BYTES:DEPTH ... prints for each "operations seconds", after as long without counting. */

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { block = 512, span = 32 << 20 }; /* bytes of the disk that are used */

struct stream {
  struct iscsi_context *iscsi;
  int lun;
  char kind; /* t, r or w */
  uint32_t bytes;
  uint64_t at;
  int running, outstanding;
  long done;
};

struct slot {
  struct stream *stream;
  struct scsi_iovec vector;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(struct iscsi_context *iscsi, const char *what) {
  fprintf(stderr, "%s: %s\n", what, iscsi ? iscsi_get_error(iscsi) : strerror(errno));
  exit(1);
}

static void submit(struct slot *slot);

static void ended(struct iscsi_context *iscsi, int status, void *data, void *private) {
  struct slot *slot = private;
  struct stream *stream = slot->stream;
  if (status != SCSI_STATUS_GOOD) fail(iscsi, "command");
  scsi_free_scsi_task(data);
  stream->done++;
  stream->outstanding--;
  if (stream->running) submit(slot);
}

static void submit(struct slot *slot) {
  struct stream *s = slot->stream;
  uint64_t lba = s->at / block;
  struct scsi_task *task;
  s->at = s->bytes ? (s->at + s->bytes) % span : 0;
  if (s->kind == 't')
    task = iscsi_testunitready_task(s->iscsi, s->lun, ended, slot);
  else if (s->kind == 'r')
    task = iscsi_read16_iov_task(s->iscsi, s->lun, lba, s->bytes, block, 0, 0, 0, 0, 0, ended, slot, &slot->vector, 1);
  else
    task = iscsi_write16_iov_task(s->iscsi, s->lun, lba, NULL, s->bytes, block, 0, 0, 0, 0, 0, ended, slot, &slot->vector, 1);
  if (!task) fail(s->iscsi, "submit");
  s->outstanding++;
}

static void service(struct iscsi_context *iscsi) {
  struct pollfd p = {.fd = iscsi_get_fd(iscsi), .events = iscsi_which_events(iscsi)};
  if (poll(&p, 1, 5000) <= 0) fail(NULL, "poll");
  if (iscsi_service(iscsi, p.revents) < 0) fail(iscsi, "service");
}

int main(int argc, char **argv) {
  if (argc < 7) return 2;
  int lun = atoi(argv[3]);
  double seconds = atof(argv[5]);
  struct iscsi_context *iscsi = iscsi_create_context("iqn.2026-01.org.example:bench");
  if (!iscsi) fail(NULL, "context");
  iscsi_set_targetname(iscsi, argv[2]);
  iscsi_set_session_type(iscsi, ISCSI_SESSION_NORMAL);
  iscsi_set_header_digest(iscsi, strcmp(argv[4], "None") ? ISCSI_HEADER_DIGEST_CRC32C : ISCSI_HEADER_DIGEST_NONE);
  iscsi_set_noautoreconnect(iscsi, 1);
  if (iscsi_full_connect_sync(iscsi, argv[1], lun)) fail(iscsi, "connect");
  for (int i = 6; i < argc; i++) {
    char kind[8];
    unsigned bytes, depth;
    if (sscanf(argv[i], "%7[a-z]:%u:%u", kind, &bytes, &depth) != 3 || depth < 1) return 2;
    struct stream stream = {.iscsi = iscsi, .lun = lun, .kind = kind[0], .bytes = bytes, .running = 1};
    struct slot *slots = calloc(depth, sizeof *slots);
    for (unsigned k = 0; k < depth; k++) {
      slots[k].stream = &stream;
      slots[k].vector.iov_base = calloc(1, bytes + 1);
      slots[k].vector.iov_len = bytes;
      submit(&slots[k]);
    }
    double start = now(), end;
    while (now() - start < seconds) service(iscsi); /* warms up */
    stream.done = 0;
    start = now();
    while ((end = now()) - start < seconds) service(iscsi);
    long done = stream.done;
    stream.running = 0;
    while (stream.outstanding) service(iscsi);
    printf("%ld %.9f\n", done, end - start);
    for (unsigned k = 0; k < depth; k++) free(slots[k].vector.iov_base);
    free(slots);
  }
  iscsi_logout_sync(iscsi);
  iscsi_destroy_context(iscsi);
  return 0;
}
