#include "nncpp/picks.hpp"

#include <doctest/doctest.h>

#include <map>

#include "samples.hpp"

namespace nncpp::testing {
namespace {

using Indices = std::vector<Index>;

// rows with so many entries each, at columns that a hash of their place chooses
Picks<double> sparse_rows(const Indices& sizes, Index bound) {
  Picks<double> picks;
  picks.rows = static_cast<Index>(sizes.size());
  picks.begins = {0};
  for (const Index size : sizes) picks.begins.push_back(picks.begins.back() + size);
  for (Index e = 0; e < picks.begins.back(); ++e) {
    picks.columns.push_back(e * 7919 % bound);
    picks.values.push_back(static_cast<double>(e) + 0.5);
  }
  return picks;
}

// what group() has to find, by a map
void check_groups(const Picks<double>& picks) {
  std::map<Index, std::vector<std::pair<Index, double>>> expected;
  for (Index r = 0; r < picks.rows; ++r)
    for (Index e = picks.begin(r); e < picks.begin(r + 1); ++e) {
      const auto at = static_cast<std::size_t>(e);
      expected[picks.columns[at]].emplace_back(r, picks.values.empty() ? 1 : picks.values[at]);
    }
  REQUIRE(picks.picked.size() == expected.size());
  REQUIRE(picks.group_begins.size() == expected.size() + 1);
  std::size_t g = 0;
  for (const auto& [column, terms] : expected) {
    CHECK(picks.picked[g] == column);
    std::vector<std::pair<Index, double>> found;
    for (auto e = static_cast<std::size_t>(picks.group_begins[g]);
         e < static_cast<std::size_t>(picks.group_begins[g + 1]); ++e)
      found.emplace_back(picks.group_rows[e], picks.group_values.empty() ? 1 : picks.group_values[e]);
    CHECK(found == terms);
    ++g;
  }
  CHECK(picks.group_begins.back() == static_cast<Index>(picks.columns.size()));
}

}  // namespace

TEST_CASE("tokens are grouped by row of W, rows of the batch in order") {
  Picks<double> picks;
  picks.rows = 6;
  picks.columns = {4, 1, 4, 0, 1, 4};
  CHECK(picks.is_tokens());
  picks.group(5);
  CHECK(picks.picked == Indices{0, 1, 4});
  CHECK(picks.group_begins == Indices{0, 1, 3, 6});
  CHECK(picks.group_rows == Indices{3, 1, 4, 0, 2, 5});
  CHECK(picks.group_values.empty());
}

TEST_CASE("sparse rows are grouped with their values, empty rows too") {
  for (const Index bound : {1, 2, 2048, 2049, 5'000'000}) {
    CAPTURE(bound);
    Picks<double> picks = sparse_rows({3, 0, 1, 40, 0, 7}, bound);
    CHECK_FALSE(picks.is_tokens());
    picks.group(bound);
    check_groups(picks);
  }
}

TEST_CASE("a batch of picks is grouped afresh") {
  Picks<double> picks = sparse_rows({30, 30}, 100);
  picks.group(100);
  const Picks<double> smaller = sparse_rows({2, 1}, 100);
  picks.begins = smaller.begins, picks.columns = smaller.columns, picks.values = smaller.values;
  picks.group(100);
  check_groups(picks);
}

TEST_CASE("no picks, no groups") {
  Picks<double> picks = sparse_rows({0, 0}, 10);
  picks.group(10);
  CHECK(picks.picked.empty());
  CHECK(picks.group_begins == Indices{0});
}

}  // namespace nncpp::testing
