// Picks: what comes in as tokens, or as rows of a sparse matrix. Each row of the batch picks rows of a matrix W: a
// token one, a sparse row one for each of its entries, times the entry's value. Embedding and Dense give sum_e x_e
// W[c_e]. Grouped by picked row they are what backward adds up by: each row of dW is one sum, whatever the number of
// threads.
#pragma once

#include <span>
#include <vector>

#include "nncpp/dual.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

template <typename T>
struct Picks {
  Index rows = 0;              // of the batch
  std::vector<Index> begins;   // (rows + 1): picks of row r are begins[r] ... begins[r + 1] - 1; empty: one each, r
  std::vector<Index> columns;  // by pick: the row of W, c
  std::vector<T> values;       // by pick: x; empty: 1

  // the same, grouped by the row of W
  std::vector<Index> picked;        // rows of W that are picked, ascending, each once
  std::vector<Index> group_begins;  // (picked.size() + 1)
  std::vector<Index> group_rows;    // by pick in its group: the row of the batch, ascending
  std::vector<T> group_values;      // x; empty: 1

  bool is_tokens() const { return begins.empty(); }
  Index begin(Index r) const { return is_tokens() ? r : begins[static_cast<std::size_t>(r)]; }
  // works the groups out; all columns are below `bound`
  void group(Index bound);

 private:
  std::vector<Index> order_, other_;  // room to sort in
};

}  // namespace nncpp
