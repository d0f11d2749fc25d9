/* The peer of bench/mpi/rank.ts: the same measurements, in C, on whatever MPI compiles it.
 * mpi KIND SIZE COUNT ROUNDS prints the seconds of each round on rank 0. */

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *out, *in;
static int rank, size;
enum { window = 64 };

static void latency(int bytes, int count) {
  if (rank > 1) return;
  for (int i = 0; i < count; i++) {
    if (rank == 0) MPI_Send(out, bytes, MPI_BYTE, 1, 1, MPI_COMM_WORLD);
    MPI_Recv(in, bytes, MPI_BYTE, 1 - rank, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (rank == 1) MPI_Send(out, bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD);
  }
}

static void stream(int bytes, int count, int both) {
  MPI_Request requests[2 * window];
  if (rank > 1) return;
  for (int i = 0; i < count; i++) {
    int n = 0;
    for (int k = 0; k < window; k++) {
      if (rank == 1 || both) MPI_Irecv(in, bytes, MPI_BYTE, 1 - rank, 1, MPI_COMM_WORLD, &requests[n++]);
      if (rank == 0 || both) MPI_Isend(out, bytes, MPI_BYTE, 1 - rank, 1, MPI_COMM_WORLD, &requests[n++]);
    }
    MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
    if (rank == 1) MPI_Send(out, 1, MPI_BYTE, 0, 2, MPI_COMM_WORLD);
    if (rank == 0) MPI_Recv(in, 1, MPI_BYTE, 1, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
}

static void run(const char *kind, int bytes, int count) {
  if (!strcmp(kind, "latency")) latency(bytes, count);
  else if (!strcmp(kind, "bandwidth")) stream(bytes, count, 0);
  else if (!strcmp(kind, "bidirectional")) stream(bytes, count, 1);
  else
    for (int i = 0; i < count; i++) {
      if (!strcmp(kind, "barrier")) MPI_Barrier(MPI_COMM_WORLD);
      else if (!strcmp(kind, "bcast")) MPI_Bcast(out, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
      else if (!strcmp(kind, "allreduce")) MPI_Allreduce(out, in, bytes / 8, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
      else if (!strcmp(kind, "alltoall")) MPI_Alltoall(out, bytes / size, MPI_BYTE, in, bytes / size, MPI_BYTE, MPI_COMM_WORLD);
    }
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int bytes = atoi(argv[2]), count = atoi(argv[3]), rounds = atoi(argv[4]);
  double warm = argc > 5 ? atof(argv[5]) / 1000 : 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  out = calloc(bytes + 64, 1);
  in = calloc(bytes + 64, 1);
  double end = MPI_Wtime() + warm;
  for (int more = warm > 0; more;) {
    run(argv[1], bytes, count);
    more = MPI_Wtime() < end;
    MPI_Bcast(&more, 1, MPI_INT, 0, MPI_COMM_WORLD);
  }
  for (int i = 0; i < rounds; i++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    run(argv[1], bytes, count);
    if (rank == 0) printf("%.9f\n", MPI_Wtime() - start);
  }
  MPI_Finalize();
  return 0;
}
