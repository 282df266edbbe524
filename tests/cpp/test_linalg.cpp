#include <doctest/doctest.h>

#include <vector>

#include "nncpp/linalg.hpp"
#include "reference.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

struct Size {
  Index M, K, N;
};

// every length 1 ... 70 on every axis, beside lengths that wander; then sizes of several tiles, odd and slender
std::vector<Size> sizes() {
  std::vector<Size> result;
  for (Index s = 1; s <= 70; ++s) {
    const Index t = s * 29 % 71, u = s * 43 % 71;
    result.insert(result.end(), {{s, t, u}, {u, s, t}, {t, u, s}});
  }
  result.insert(result.end(),
                {{1, 1, 1}, {131, 3, 401}, {130, 515, 77}, {1, 1031, 1}, {999, 1, 3}, {5, 300, 769}, {300, 257, 16}});
  return result;
}

enum class Form { kPlain, kTransposedA, kTransposedB, kTransposedBoth };
constexpr Form kForms[] = {Form::kPlain, Form::kTransposedA, Form::kTransposedB, Form::kTransposedBoth};

template <typename T>
struct Operands {
  Operands(const Size& size, Form form)
      : a_values(random_values<T>(size.M * size.K, 1)), b_values(random_values<T>(size.K * size.N, 2)) {
    const bool is_a_turned = form == Form::kTransposedA || form == Form::kTransposedBoth;
    const bool is_b_turned = form == Form::kTransposedB || form == Form::kTransposedBoth;
    a = is_a_turned ? transposed(a_values.data(), size.K, size.M) : matrix(a_values.data(), size.M, size.K);
    b = is_b_turned ? transposed(b_values.data(), size.N, size.K) : matrix(b_values.data(), size.K, size.N);
  }
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;
  std::vector<T> a_values, b_values;
  Matrix<T> a{}, b{};
};

// C between guards, NaN before the product
template <typename T>
struct Result {
  explicit Result(Index count) : memory(static_cast<std::size_t>(count) + 2 * kGuards, kGuard) {
    std::fill(begin(), end(), std::numeric_limits<T>::quiet_NaN());
  }
  auto begin() { return memory.begin() + kGuards; }
  auto end() { return memory.end() - kGuards; }
  T* data() { return memory.data() + kGuards; }
  std::span<T> values() { return {begin(), end()}; }
  bool has_guards() const {
    const auto is_guard = [](T x) { return x == kGuard; };
    return std::all_of(memory.begin(), memory.begin() + kGuards, is_guard) &&
           std::all_of(memory.end() - kGuards, memory.end(), is_guard);
  }
  static constexpr std::ptrdiff_t kGuards = 64;
  static constexpr T kGuard = T(-777);
  std::vector<T> memory;
};

TEST_CASE_TEMPLATE("linalg: every form and size gives the product of the plain loops", T, float, double) {
  for (const Size& size : sizes()) {
    for (const Form form : kForms) {
      CAPTURE(size.M);
      CAPTURE(size.K);
      CAPTURE(size.N);
      CAPTURE(static_cast<int>(form));
      const Operands<T> operands(size, form);
      const auto expected = reference::product(operands.a, operands.b);
      Result<T> c(size.M * size.N);
      multiply(operands.a, operands.b, c.data(), Write::kAssign);
      REQUIRE(error_of_sums(c.values(), expected) <= Tolerance<T>::kSum);
      REQUIRE(c.has_guards());
    }
  }
}

TEST_CASE_TEMPLATE("linalg: a bias is added to every row", T, float, double) {
  for (const Size& size : sizes()) {
    CAPTURE(size.M);
    CAPTURE(size.K);
    CAPTURE(size.N);
    const Operands<T> operands(size, Form::kPlain);
    const auto bias = random_values<T>(size.N, 3);
    const auto expected = reference::product(operands.a, operands.b, bias.data());
    Result<T> c(size.M * size.N);
    multiply(operands.a, operands.b, c.data(), Write::kAssign, bias.data());
    REQUIRE(error_of_sums(c.values(), expected) <= Tolerance<T>::kSum);
    REQUIRE(c.has_guards());
  }
}

TEST_CASE_TEMPLATE("linalg: a product is added to what is there", T, float, double) {
  for (const Size& size : sizes()) {
    const Form form = kForms[static_cast<std::size_t>(size.M % 4)];
    CAPTURE(size.M);
    CAPTURE(size.K);
    CAPTURE(size.N);
    CAPTURE(static_cast<int>(form));
    const Operands<T> operands(size, form);
    Result<T> c(size.M * size.N);
    fill_random<T>(c.values(), 4);
    auto expected = reference::product(operands.a, operands.b);
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
      const double before = c.values()[i];
      expected.values[i] += before;
      expected.magnitudes[i] += std::abs(before);
    }
    multiply(operands.a, operands.b, c.data(), Write::kAdd);
    REQUIRE(error_of_sums(c.values(), expected) <= Tolerance<T>::kSum);
    REQUIRE(c.has_guards());
  }
}

TEST_CASE_TEMPLATE("linalg: a row of a batch has the bits it has alone", T, float, double) {
  for (const Size& size : {Size{17, 64, 10}, Size{130, 515, 77}, Size{64, 33, 400}, Size{300, 257, 16}}) {
    for (const Form form : kForms) {
      const Operands<T> operands(size, form);
      Result<T> batch(size.M * size.N), alone(size.N);
      multiply(operands.a, operands.b, batch.data(), Write::kAssign);
      for (const Index i : {Index{0}, size.M / 2, size.M - 1}) {
        CAPTURE(size.M);
        CAPTURE(static_cast<int>(form));
        CAPTURE(i);
        Matrix<T> row = operands.a;
        row.data += i * row.row_stride;
        row.rows = 1;
        multiply(row, operands.b, alone.data(), Write::kAssign);
        CHECK(same_bits(alone.values(), batch.values().subspan(static_cast<std::size_t>(i * size.N),
                                                               static_cast<std::size_t>(size.N))));
      }
    }
  }
}

TEST_CASE_TEMPLATE("linalg: the bits of products and sums do not depend on the number of threads", T, float, double) {
  const Size size{301, 300, 517};
  for (const Form form : kForms) {
    const Operands<T> operands(size, form);
    std::vector<T> expected, expected_sum;
    for (const int count : kThreadCounts) {
      const Threads threads(count);
      Result<T> c(size.M * size.N), sum(size.N);
      multiply(operands.a, operands.b, c.data(), Write::kAssign);
      sum_rows(c.data(), size.M, size.N, sum.data(), Write::kAssign);
      if (expected.empty()) expected.assign(c.begin(), c.end()), expected_sum.assign(sum.begin(), sum.end());
      CHECK(same_bits(c.values(), expected));
      CHECK(same_bits(sum.values(), expected_sum));
    }
  }
}

TEST_CASE_TEMPLATE("linalg: by a packed matrix, with rows apart, a product has the bits of any other", T, float,
                   double) {
  for (const Size& size : sizes()) {
    CAPTURE(size.M);
    CAPTURE(size.K);
    CAPTURE(size.N);
    for (const Form form : {Form::kPlain, Form::kTransposedB}) {
      const Operands<T> operands(size, form);
      Buffer<T> room(packed_size<T>(size.K, size.N));
      const PackedMatrix<T> packed = pack(operands.b, room.data());
      const Index a_stride = size.K + 3, c_stride = size.N + 5;
      Buffer<T> a(size.M * a_stride);
      for (Index i = 0; i < size.M; ++i) std::copy_n(operands.a.data + i * size.K, size.K, a.data() + i * a_stride);
      const auto bias = random_values<T>(size.N, 3);
      for (const Write write : {Write::kAssign, Write::kAdd}) {
        const T* const start = write == Write::kAssign ? bias.data() : nullptr;
        Result<T> expected(size.M * size.N), c(size.M * c_stride);
        fill_random<T>(expected.values(), 7);
        fill_random<T>(c.values(), 8);
        for (Index i = 0; i < size.M; ++i) std::copy_n(expected.data() + i * size.N, size.N, c.data() + i * c_stride);
        const std::vector<T> before(c.values().begin(), c.values().end());
        multiply(operands.a, operands.b, expected.data(), write, start);
        multiply(size.M, a.data(), a_stride, packed, c.data(), c_stride, write, start);
        for (Index i = 0; i < size.M; ++i) {
          const T *row = c.data() + i * c_stride, *end = row + size.N;
          REQUIRE(same_bits(std::span(row, end), std::span<const T>(expected.data() + i * size.N, end - row)));
          REQUIRE(same_bits(std::span(end, row + c_stride),
                            std::span(&before[static_cast<std::size_t>(end - c.data())], 5)));
        }
        REQUIRE(c.has_guards());
      }
    }
  }
}

TEST_CASE_TEMPLATE("linalg: not a number comes through", T, float, double) {
  const Size size{9, 20, 35};
  Operands<T> operands(size, Form::kPlain);
  operands.a_values[static_cast<std::size_t>(4 * size.K + 7)] = std::numeric_limits<T>::quiet_NaN();
  Result<T> c(size.M * size.N);
  multiply(operands.a, operands.b, c.data(), Write::kAssign);
  for (Index i = 0; i < size.M; ++i)
    for (Index j = 0; j < size.N; ++j) CHECK(std::isnan(c.data()[i * size.N + j]) == (i == 4));
}

TEST_CASE_TEMPLATE("linalg: the sum of rows is the sum of the plain loops, assigned or added", T, float, double) {
  for (const Size& size : sizes()) {
    CAPTURE(size.M);
    CAPTURE(size.N);
    const auto x = random_values<T>(size.M * size.N, 5);
    auto expected = reference::sum_rows(x.data(), size.M, size.N);
    Result<T> y(size.N);
    sum_rows(x.data(), size.M, size.N, y.data(), Write::kAssign);
    REQUIRE(error_of_sums(y.values(), expected) <= Tolerance<T>::kSum);

    fill_random<T>(y.values(), 6);
    for (std::size_t j = 0; j < expected.values.size(); ++j) {
      expected.values[j] += y.values()[j];
      expected.magnitudes[j] += std::abs(static_cast<double>(y.values()[j]));
    }
    sum_rows(x.data(), size.M, size.N, y.data(), Write::kAdd);
    REQUIRE(error_of_sums(y.values(), expected) <= Tolerance<T>::kSum);
    REQUIRE(y.has_guards());
  }
}

}  // namespace
}  // namespace nncpp::testing
