#include "nncpp/picks.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace nncpp {

// Sorts picks by column, digit by digit: a few passes over the picks, none over the rows of W.
template <typename T>
void Picks<T>::group(Index bound) {
  constexpr int kBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kBits;
  order_.resize(columns.size());
  other_.resize(columns.size());
  std::iota(order_.begin(), order_.end(), Index{0});
  for (int shift = 0; bound > 1 && (bound - 1) >> shift > 0; shift += kBits) {
    std::array<Index, kDigits + 1> begins_of{};
    const auto digit = [&](Index pick) {
      return static_cast<std::size_t>(columns[static_cast<std::size_t>(pick)] >> shift) & (kDigits - 1);
    };
    for (const Index pick : order_) ++begins_of[digit(pick) + 1];
    std::partial_sum(begins_of.begin(), begins_of.end(), begins_of.begin());
    for (const Index pick : order_) other_[static_cast<std::size_t>(begins_of[digit(pick)]++)] = pick;
    order_.swap(other_);
  }

  picked.clear();
  group_begins.clear();
  group_rows.resize(columns.size());
  group_values.resize(values.size());
  if (!is_tokens()) {  // the row of each pick
    for (Index r = 0; r < rows; ++r) std::fill(other_.begin() + begin(r), other_.begin() + begin(r + 1), r);
  }
  for (std::size_t e = 0; e < order_.size(); ++e) {
    const auto pick = static_cast<std::size_t>(order_[e]);
    if (e == 0 || columns[pick] != picked.back()) {
      picked.push_back(columns[pick]);
      group_begins.push_back(static_cast<Index>(e));
    }
    group_rows[e] = is_tokens() ? order_[e] : other_[pick];
    if (!values.empty()) group_values[e] = values[pick];
  }
  group_begins.push_back(static_cast<Index>(order_.size()));
}

template struct Picks<float>;
template struct Picks<double>;
template struct Picks<Dual>;

}  // namespace nncpp
