#include "nncpp/sequences.hpp"

#include <doctest/doctest.h>

#include "allocations.hpp"

namespace nncpp::testing {
namespace {

using Places = std::vector<std::array<Index, 3>>;  // row, sample, step

Places places_of(const Sequences& sequences) {
  Places places;
  sequences.for_each([&](Index row, Index sample, Index t) { places.push_back({row, sample, t}); });
  return places;
}

TEST_CASE("sequences: without lengths one follows the other") {
  Sequences sequences(4, 3);
  sequences.set(2);
  CHECK_FALSE(sequences.is_packed());
  CHECK(sequences.count() == 2);
  CHECK(sequences.rows() == 6);
  CHECK(sequences.longest() == 3);
  CHECK(sequences.row_stride() == 3);
  CHECK(sequences.row(1, 2) == 5);
  CHECK(sequences.active(2) == 2);
  CHECK(sequences.sample(1) == 1);
  CHECK(places_of(sequences) == Places{{0, 0, 0}, {1, 0, 1}, {2, 0, 2}, {3, 1, 0}, {4, 1, 1}, {5, 1, 2}});
}

TEST_CASE("sequences: packed ones lie step by step, long before short, equal ones in their order") {
  Sequences sequences(5, 4);
  const Index lengths[] = {2, 4, 1, 2, 4};
  sequences.set(lengths);
  CHECK(sequences.is_packed());
  CHECK(sequences.count() == 5);
  CHECK(sequences.rows() == 13);
  CHECK(sequences.longest() == 4);
  CHECK(sequences.row_stride() == 1);
  const Index samples[] = {1, 4, 0, 3, 2}, active[] = {5, 4, 2, 2};
  for (Index rank = 0; rank < 5; ++rank) {
    CHECK(sequences.sample(rank) == samples[rank]);
    CHECK(sequences.length(rank) == lengths[samples[rank]]);
  }
  for (Index t = 0; t < 4; ++t) CHECK(sequences.active(t) == active[t]);
  Places expected;
  for (Index t = 0; t < 4; ++t)
    for (Index rank = 0; rank < active[t]; ++rank) {
      CHECK(sequences.row(rank, t) == static_cast<Index>(expected.size()));
      expected.push_back({static_cast<Index>(expected.size()), samples[rank], t});
    }
  CHECK(places_of(sequences) == expected);
}

TEST_CASE("sequences: unpacked they stand in their rows, with 0 where there is padding") {
  Sequences sequences(3, 3);
  const Index lengths[] = {1, 3, 2};
  sequences.set(lengths);
  const double packed[] = {10, 11, 20, 21, 0, 1, 12, 13, 22, 23, 14, 15};  // samples 1, 2, 0; 1, 2; 1
  std::vector<double> rows(18, -1);
  sequences.unpack(packed, 2, rows.data());
  CHECK(rows == std::vector<double>{0, 1, 0, 0, 0, 0, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 0, 0});
}

TEST_CASE("sequences: those of before are forgotten, and no set takes memory") {
  Sequences sequences(3, 4);
  const Index long_ones[] = {4, 4, 4}, one[] = {2};
  const long before = num_allocations();
  sequences.set(long_ones);
  sequences.set(one);
  CHECK(sequences.longest() == 2);
  CHECK(sequences.rows() == 2);
  CHECK(sequences.active(2) == 0);
  sequences.set(3);
  CHECK(sequences.rows() == 12);
  CHECK(sequences.longest() == 4);
  CHECK(num_allocations() == before);
}

}  // namespace
}  // namespace nncpp::testing
