// Numbers that tests work on, and the thread counts they work with.
#pragma once

#include <cmath>
#include <vector>

#include "nncpp/parallel.hpp"
#include "nncpp/random.hpp"

namespace nncpp::testing {

// Random numbers of mean 0 and variance about `scale`^2, on both sides of zero and not close to it. float holds them
// exactly, so that both types start from the same numbers.
template <typename T>
void fill_random(std::span<T> values, std::uint64_t seed, double scale = 1.0) {
  constexpr double kRange = 1.75, kLeast = 1.0 / 64;
  std::vector<std::uint32_t> words(values.size());
  RandomKey{seed, kCheckStream, 0}.words(0, words);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double u = kRange * (words[i] * 0x1p-31 - 1.0);
    values[i] = static_cast<T>(static_cast<float>(scale * (u + std::copysign(kLeast, u))));
  }
}

template <typename T>
std::vector<T> random_values(Index count, std::uint64_t seed, double scale = 1.0) {
  std::vector<T> values(static_cast<std::size_t>(count));
  fill_random<T>(values, seed, scale);
  return values;
}

inline constexpr int kThreadCounts[] = {1, 2, 3, 8};

// While it lives, that many threads.
class Threads {
 public:
  explicit Threads(int count) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace nncpp::testing
