// What targets may be: labels, distributions. Each check names the first row that is wrong.
#pragma once

#include <cmath>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/source.hpp"

namespace nncpp::losses {

// f(value, row) for every number of the targets
template <typename T, typename F>
void for_each_value(const Source& target, F f) {
  std::vector<T> values(static_cast<std::size_t>(numel(target.sample)));
  for (Index r = 0; r < target.rows; ++r) {
    gather<T>(target, std::span(&r, 1), values.data());
    for (const T y : values) f(y, r);
  }
}

inline void require_labels(const Source& target, Index classes, std::string_view loss) {
  if (!target.is_integer())
    throw DataError(text(target.name, ": expected integer labels 0 ... ", classes - 1, " or distributions (n, ",
                         classes, ") for loss '", loss, "', got real numbers; use y.astype(int) if they are labels"));
  for_each_value<Index>(target, [&](Index label, Index r) {
    if (label < 0 || label >= classes)
      throw DataError(text(target.name, ": expected labels 0 ... ", classes - 1, ", got ", label, " in row ", r));
  });
}

template <typename T>
void require_distributions(const Source& target, Index classes) {
  double sum = 0;
  Index k = 0;
  for_each_value<T>(target, [&](T y, Index r) {
    if (!(y >= T(0))) throw DataError(text(target.name, ": expected probabilities >= 0, got ", y, " in row ", r));
    sum = k == 0 ? static_cast<double>(value_of(y)) : sum + static_cast<double>(value_of(y));
    k = (k + 1) % classes;
    if (k == 0 && std::abs(sum - 1.0) > 1e-3)
      throw DataError(text(target.name, ": expected distributions that sum to 1, got a sum of ", sum, " in row ", r));
  });
}

}  // namespace nncpp::losses
