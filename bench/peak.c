/* Prints the float32 multiply-adds per second of one core: fused multiply-adds in registers, nothing else.
   Enough independent chains to cover the latency of two vector units. */
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
enum { kBytes = 64 };
#elif defined(__AVX__)
enum { kBytes = 32 };
#else
enum { kBytes = 16 };
#endif

typedef float Vector __attribute__((vector_size(kBytes)));

enum { kChains = 12, kLanes = kBytes / sizeof(float), kRepeats = 1000 * 1000, kTrials = 100 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void) {
  Vector chain[kChains] = {{0}};
  Vector a = (Vector){0} + 0.5f, b = (Vector){0} + 1.0f;
  double best = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    double start = now();
    for (int i = 0; i < kRepeats; ++i) {
      for (int c = 0; c < kChains; ++c) chain[c] = chain[c] * a + b;
    }
    double rate = (double)kRepeats * kChains * kLanes / (now() - start);
    if (rate > best) best = rate;
  }
  float sum = 0; /* keeps the work from being optimized away */
  for (int c = 0; c < kChains; ++c) sum += chain[c][0];
  printf("%.6g\n", sum > 0 ? best : 0);
  return 0;
}
