// Sources of sequences, tokens and sparse rows: what is gathered of them, and what is refused.
#include <doctest/doctest.h>

#include "messages.hpp"
#include "nncpp/error.hpp"
#include "sources.hpp"

namespace nncpp::testing {
namespace {

constexpr Index kRows = 4, T = 3, D = 2;

// number 100 r + 10 t + d at place (r, t, d), as any element type holds it
template <typename E>
std::vector<E> numbered() {
  std::vector<E> values;
  for (Index r = 0; r < kRows; ++r)
    for (Index t = 0; t < T; ++t)
      for (Index d = 0; d < D; ++d) values.push_back(static_cast<E>(20 * r + 5 * t + d));
  return values;
}

TEST_CASE_TEMPLATE("source: sequences are gathered step by step, padding is left where it is", E, float, double,
                   std::int16_t, std::uint8_t, std::int64_t) {
  const auto values = numbered<E>();
  std::vector<E> turned(values.size());  // time first, backwards
  for (Index r = 0; r < kRows; ++r)
    for (Index t = 0; t < T; ++t)
      std::copy_n(values.begin() + (r * T + t) * D, D, turned.begin() + ((T - 1 - t) * kRows + r) * D);
  Source strided = source(turned.data() + (T - 1) * kRows * D, kRows, {T, D});
  strided.row_stride = D * static_cast<Index>(sizeof(E));
  strided.strides[0] = -kRows * D * static_cast<Index>(sizeof(E));

  Sequences sequences(kRows, T);
  const Index lengths[] = {1, 3, 2};
  sequences.set(lengths);
  const Index ranked[] = {0, 2, 3};  // rows of the examples, longest first: 3, 2, 1 steps
  for (const Source& x : {source(values.data(), kRows, {T, D}), strided}) {
    std::vector<double> got(7 * D + 1, -1);
    gather<double>(x, ranked, sequences, got.data(), 0.5);
    std::vector<double> expected;
    for (const auto& [row, t] : {std::pair<Index, Index>{0, 0}, {2, 0}, {3, 0}, {0, 1}, {2, 1}, {0, 2}})
      for (Index d = 0; d < D; ++d) expected.push_back(0.5 * static_cast<double>(20 * row + 5 * t + d));
    got.resize(expected.size() + 1);
    expected.push_back(-1);
    CHECK(got == expected);
  }
}

TEST_CASE("source: labels of steps are gathered as they are") {
  const std::int32_t y[] = {1, 2, 3, 4, 5, 6};  // (2, 3)
  Sequences sequences(2, 3);
  const Index lengths[] = {1, 3};
  sequences.set(lengths);
  const Index ranked[] = {1, 0};
  Index got[4];
  gather<Index>(source(y, 2, {3}), ranked, sequences, got);
  CHECK(std::vector<Index>(got, got + 4) == std::vector<Index>{4, 1, 5, 6});
}

TEST_CASE("source: a step of all rows, and the first steps of one row") {
  const auto values = numbered<double>();
  const Source x = source(values.data(), kRows, {T, D});
  const Index rows[] = {3, 1};
  double got[2 * D];
  gather<double>(x.step(2), rows, got);
  CHECK(std::vector<double>(got, got + 4) == std::vector<double>{70, 71, 30, 31});
  const Source own = x.sequence(1, 2);
  CHECK(own.rows == 2);
  CHECK(own.sample == Shape{D});
  CHECK(own.name == "x[1]");
  const Index steps[] = {1, 0};
  gather<double>(own, steps, got);
  CHECK(std::vector<double>(got, got + 4) == std::vector<double>{25, 26, 20, 21});
}

TEST_CASE("source: a number for each row is a sequence of one step") {
  const double y[] = {3, 1, 2};
  const Source x = source(y, 3, {});
  CHECK(x.sequence(2, 1).rows == 1);
  Sequences sequences(3, 1);
  const Index lengths[] = {1, 1, 1}, ranked[] = {0, 1, 2};
  sequences.set(lengths);
  double got[3];
  gather<double>(x, ranked, sequences, got);
  CHECK(std::vector<double>(got, got + 3) == std::vector<double>{3, 1, 2});
}

TEST_CASE("source: tokens below the bound pass, others are told by their row") {
  const std::int8_t tokens[] = {0, 4, 2, 3, 1, 4};
  CHECK_NOTHROW(require_tokens(source(tokens, 2, {3}), 5));
  CHECK(message_of([&] { require_tokens(source(tokens, 3, {2}), 4); }) == "x: expected tokens 0 ... 3, got 4 in row 0");
  const std::int64_t negative[] = {0, 1, -1};
  CHECK(message_of([&] { require_tokens(source(negative, 3, {}), 4); }) ==
        "x: expected tokens 0 ... 3, got -1 in row 2");
}

// (4 rows, 6 columns)
struct SparseRows {
  std::vector<float> values{1, 2, 3, 4, 5};
  std::vector<Index> columns{0, 5, 2, 1, 3}, begins{0, 2, 2, 3, 5};

  Source rows() const {
    Source x = source(values.data(), 5, {});
    x.rows = 4;
    x.sample = {6};
    x.begins = begins.data();
    x.columns = columns.data();
    x.num_entries = 5;
    return x;
  }
};

TEST_CASE("source: sparse rows are gathered by index, with their values as T") {
  const SparseRows sparse;
  CHECK(sparse.rows().is_sparse());
  CHECK_NOTHROW(require_sparse(sparse.rows()));
  CHECK_NOTHROW(require_finite<double>(sparse.rows()));
  Picks<double> picks;
  const Index rows[] = {3, 1, 0, 3};
  gather<double>(sparse.rows(), rows, picks);
  CHECK(picks.begins == std::vector<Index>{0, 2, 2, 4, 6});
  CHECK(picks.columns == std::vector<Index>{1, 3, 0, 5, 1, 3});
  CHECK(std::vector<double>(picks.values.begin(), picks.values.end()) == std::vector<double>{4, 5, 1, 2, 4, 5});
}

TEST_CASE("source: sparse rows out of order or range are refused by their row") {
  const auto message = [](auto&& change) {
    SparseRows sparse;
    change(sparse);
    return message_of([&] { require_sparse(sparse.rows()); });
  };
  CHECK(message([](auto& s) { s.columns[3] = 6; }) == "x: expected columns 0 ... 5, got 6 in row 3");
  CHECK(message([](auto& s) { s.columns[2] = -1; }) == "x: expected columns 0 ... 5, got -1 in row 2");
  CHECK(message([](auto& s) { s.columns[1] = 0; }) ==
        "x: expected ascending columns, each once, got 0 and 0 in row 0; sum duplicates and sort first");
  CHECK(message([](auto& s) { s.begins[2] = 1; }) == "x: expected indptr to ascend from 0 to 5, got 2 and 1 at row 1");
  CHECK(message([](auto& s) { s.begins[0] = 1; }) == "x: expected indptr to ascend from 0 to 5, got 1 and 2 at row 0");
  SparseRows sparse;
  sparse.columns[4] = 9;  // changed after it was looked at
  Picks<float> picks;
  const Index rows[] = {3};
  CHECK(message_of([&] { gather<float>(sparse.rows(), rows, picks); }) == "x: expected columns 0 ... 5, got 9");
  sparse.begins[4] = 1000;
  CHECK(message_of([&] { gather<float>(sparse.rows(), rows, picks); }) ==
        "x: expected indptr to ascend to 5, got 3 and 1000 at row 3");
  sparse.begins[4] = 5;
  sparse.values[2] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(require_finite<float>(sparse.rows()), DataError);
}

}  // namespace
}  // namespace nncpp::testing
