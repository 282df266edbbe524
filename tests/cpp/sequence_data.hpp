// Sequences of different lengths, once with rubbish behind their ends and once each alone.
#pragma once

#include <limits>

#include "samples.hpp"
#include "sources.hpp"

namespace nncpp::testing {

// N sequences of at most T steps: x (N, T, D) with NaN in the padding, labels y (N, T) out of range there.
struct SequenceData {
  static constexpr Index T = 5, D = 3, K = 4;

  explicit SequenceData(std::vector<Index> lengths_ = {2, 5, 1, 5, 3}) : lengths(std::move(lengths_)) {
    x = random_values<double>(rows() * T * D, 1);
    y.resize(static_cast<std::size_t>(rows() * T));
    for (std::size_t at = 0; at < y.size(); ++at) {
      const bool counts = static_cast<Index>(at % T) < lengths[at / T];
      y[at] = counts ? static_cast<Index>(at * 7 % 13 % K) : 1000;
      if (!counts) std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(at * D), D, kNaN);
    }
  }
  Index rows() const { return static_cast<Index>(lengths.size()); }
  Source inputs() const { return source(x.data(), rows(), {T, D}); }
  Source targets() const { return source(y.data(), rows(), {T}, "y"); }
  Source of_lengths() const { return source(lengths.data(), rows(), {}, "lengths"); }

  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  std::vector<Index> lengths;
  std::vector<double> x;
  std::vector<std::int64_t> y;
};

}  // namespace nncpp::testing
