#include "nncpp/sequences.hpp"

namespace nncpp {

Sequences::Sequences(Index capacity, Index steps) : steps_(steps) {
  samples_.reserve(static_cast<std::size_t>(capacity));
  lengths_.reserve(static_cast<std::size_t>(capacity));
  active_.resize(static_cast<std::size_t>(steps) + 1);
  begins_.resize(static_cast<std::size_t>(steps));
}

void Sequences::set(Index n) {
  is_packed_ = false;
  count_ = n;
  rows_ = n * steps_;
}

void Sequences::set(std::span<const Index> lengths) {
  is_packed_ = true;
  count_ = static_cast<Index>(lengths.size());
  // active_[t]: first how many end after t + 1 steps, then how many are longer than t
  std::fill(active_.begin(), active_.end(), Index{0});
  for (const Index length : lengths) ++active_[static_cast<std::size_t>(length - 1)];
  for (std::size_t t = static_cast<std::size_t>(steps_); t-- > 0;) active_[t] += active_[t + 1];
  // a sequence of length l stands behind those that are longer: active(l) of them
  samples_.resize(lengths.size());
  lengths_.resize(lengths.size());
  for (std::size_t t = 0; t < static_cast<std::size_t>(steps_); ++t) begins_[t] = active_[t + 1];
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto rank = static_cast<std::size_t>(begins_[static_cast<std::size_t>(lengths[i] - 1)]++);
    samples_[rank] = static_cast<Index>(i);
    lengths_[rank] = lengths[i];
  }
  rows_ = 0;
  for (std::size_t t = 0; t < static_cast<std::size_t>(steps_); ++t) {
    begins_[t] = rows_;
    rows_ += active_[t];
  }
}

}  // namespace nncpp
