// Sequences: how the rows of a batch lie in a node that has a time axis.
// Without lengths N sequences of T steps are (N, T, ...), one sequence after the other. With lengths they are packed:
// only the steps that count, first steps before second ones, long sequences before short ones, as a tensor (1, P, ...),
// P = sum of lengths. So a layer that treats each step by itself needs to know nothing, and nobody ever sees padding.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "nncpp/shape.hpp"

namespace nncpp {

class Sequences {
 public:
  // of at most `capacity` sequences of T steps; no set after this takes memory
  Sequences(Index capacity, Index steps);

  // n sequences of full length
  void set(Index n);
  // one sequence for each length. requires: 1 <= length <= T
  void set(std::span<const Index> lengths);

  bool is_packed() const { return is_packed_; }
  Index count() const { return count_; }  // N
  Index steps() const { return steps_; }  // T
  Index rows() const { return rows_; }    // P, or N T
  // numbers of a step in an array of so many
  Index step_size(Index size) const { return size / rows_; }
  Index longest() const { return is_packed_ ? length(0) : steps_; }

  // Sequences by rank, the longest first, equal ones in their order.
  Index sample(Index rank) const { return is_packed_ ? samples_[static_cast<std::size_t>(rank)] : rank; }
  Index length(Index rank) const { return is_packed_ ? lengths_[static_cast<std::size_t>(rank)] : steps_; }
  // how many are longer than t: those of rank 0 ... active(t) - 1
  Index active(Index t) const { return is_packed_ ? active_[static_cast<std::size_t>(t)] : count_; }
  // where step t of a sequence lies; the next rank's is row_stride() rows further on
  Index row(Index rank, Index t) const {
    return is_packed_ ? begins_[static_cast<std::size_t>(t)] + rank : rank * steps_ + t;
  }
  Index row_stride() const { return is_packed_ ? 1 : steps_; }

  // f(row, sample, t) for each step that counts, in the order of rows
  template <typename F>
  void for_each(F f) const {
    if (!is_packed_) {
      for (Index row = 0; row < rows_; ++row) f(row, row / steps_, row % steps_);
      return;
    }
    for (Index t = 0, row = 0; t < longest(); ++t)
      for (Index rank = 0; rank < active(t); ++rank) f(row++, sample(rank), t);
  }

  // packed (P, size) -> to (N, T, size), 0 where there is padding
  template <typename T>
  void unpack(const T* packed, Index size, T* to) const {
    std::fill(to, to + count_ * steps_ * size, T(0));
    for_each([&](Index row, Index sample, Index t) {
      std::copy_n(packed + row * size, size, to + (sample * steps_ + t) * size);
    });
  }

 private:
  Index steps_, count_ = 0, rows_ = 0;
  bool is_packed_ = false;
  std::vector<Index> samples_, lengths_;  // by rank
  std::vector<Index> active_, begins_;    // by step
};

}  // namespace nncpp
