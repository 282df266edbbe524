#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "nncpp/error.hpp"
#include "nncpp/shape.hpp"
#include "nncpp/tensor.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE("shape: the number of elements is the product of the axes") {
  CHECK(numel({3, 4, 5}) == 60);
  CHECK(numel({7}) == 7);
  CHECK(numel({}) == 1);
  CHECK(numel({3, 0, 5}) == 0);
}

TEST_CASE("shape: more elements than any machine holds, or an index counts, are an error") {
  const Index half = Index{1} << 20;
  CHECK(numel({half, half}) == kMostElements);
  CHECK_THROWS_AS(numel({half, half + 1}), ShapeError);
  CHECK_THROWS_AS(numel({Index{1} << 32, Index{1} << 32}), ShapeError);
  CHECK_THROWS_AS(numel({std::numeric_limits<Index>::max(), 2}), ShapeError);
}

TEST_CASE("shape: negative axes and too many axes are errors") {
  CHECK_THROWS_AS(Shape({2, -1}), ShapeError);
  CHECK_NOTHROW(Shape({1, 1, 1, 1, 1, 1}));
  CHECK_THROWS_AS(Shape({1, 1, 1, 1, 1, 1, 1}), ShapeError);
}

TEST_CASE("shape: a batch has one axis more, in front") {
  CHECK(Shape({3, 4}).batch(8) == Shape({8, 3, 4}));
  CHECK(Shape().batch(8) == Shape({8}));
  CHECK_THROWS_AS(Shape({1, 1, 1, 1, 1, 1}).batch(2), ShapeError);
}

TEST_CASE("shape: shapes are equal when all their axes are") {
  CHECK(Shape({3, 4}) == Shape({3, 4}));
  CHECK_FALSE(Shape({3, 4}) == Shape({4, 3}));
  CHECK_FALSE(Shape({3}) == Shape({3, 1}));
  CHECK_FALSE(Shape() == Shape({1}));
}

TEST_CASE("shape: shapes read like Python's, batches begin with N") {
  CHECK(to_string({3, 4}) == "(3, 4)");
  CHECK(to_string({3}) == "(3,)");
  CHECK(to_string({}) == "()");
  CHECK(to_string({3, 4}, true) == "(N, 3, 4)");
  CHECK(to_string({}, true) == "(N)");
  CHECK(text("got ", Shape{2, 5}) == "got (2, 5)");
}

TEST_CASE("tensor: every axis but the last counts as rows") {
  float values[24];
  const Tensor<float> tensor{values, {2, 3, 4}};
  CHECK(tensor.size() == 24);
  CHECK(tensor.rows() == 6);
  CHECK(tensor.columns() == 4);
  CHECK(Tensor<float>{values, {}}.rows() == 1);
  CHECK(Tensor<float>{values, {}}.columns() == 1);
  CHECK(Tensor<float>{values, {0, 4}}.rows() == 0);
}

TEST_CASE_TEMPLATE("tensor: a buffer is aligned, padded to cache lines and zero", T, float, double) {
  for (const Index count : {1, 15, 16, 17, 1000}) {
    Buffer<T> buffer(count);
    CHECK(buffer.size() == count);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % kAlignment == 0);
    CHECK(padded<T>(count) >= count);
    CHECK(static_cast<std::size_t>(padded<T>(count)) * sizeof(T) % kAlignment == 0);
    for (Index i = 0; i < padded<T>(count); ++i) REQUIRE(buffer.data()[i] == 0);
  }
  CHECK(Buffer<T>(0).size() == 0);
}

}  // namespace
}  // namespace nncpp::testing
