#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "nncpp/error.hpp"
#include "reference.hpp"
#include "samples.hpp"
#include "sources.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

template <typename T, typename E>
void check_gather(const Source& x, const std::vector<Index>& rows) {
  std::vector<T> got;
  got.resize(rows.size() * static_cast<std::size_t>(numel(x.sample)));
  gather<T>(x, rows, got.data());
  auto value = got.begin();
  for (const Index row : rows) {
    for (Index i = 0; i < numel(x.sample); ++i) REQUIRE(*value++ == static_cast<T>(reference::element<E>(x, row, i)));
  }
}

template <typename E>
std::vector<E> counted(std::size_t count, int first) {
  std::vector<E> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<E>(first + static_cast<int>(i));
  return values;
}

const std::vector<Index> kRows{4, 0, 2, 2, 3};

TEST_CASE_TEMPLATE("source: rows of every element type are gathered as float, double and index", E, std::int8_t,
                   std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t,
                   float, double) {
  const auto values = counted<E>(5 * 6, std::is_signed_v<E> ? -7 : 3);
  for (const Shape& sample : {Shape{6}, Shape{2, 3}, Shape{1, 6, 1}}) {
    const Source x = source(values.data(), 5, sample);
    check_gather<float, E>(x, kRows);
    check_gather<double, E>(x, kRows);
    check_gather<Index, E>(x, kRows);
  }
}

TEST_CASE("source: bool is 0 and 1") {
  const bool values[] = {true, false, false, true};
  const Source x = source(values, 2, {2});
  const Index rows[] = {1, 0};
  float got[4];
  gather<float>(x, rows, got);
  CHECK(std::vector<float>(got, got + 4) == std::vector<float>{0, 1, 1, 0});
  CHECK(x.is_integer());
}

TEST_CASE("source: a sample without axes is one number a row") {
  const auto values = counted<std::int64_t>(5, 10);
  check_gather<Index, std::int64_t>(source(values.data(), 5, {}), kRows);
}

TEST_CASE_TEMPLATE("source: strides may be negative, zero, those of Fortran or of every second element", E, float,
                   double, std::int16_t) {
  constexpr Index kItem = sizeof(E);
  const auto values = counted<E>(5 * 6 * 4, -9);
  const auto strided = [&](Index first, Index row_stride, Index stride0, Index stride1) {
    Source x = source(values.data() + first, 5, {2, 3});
    x.row_stride = row_stride * kItem;
    x.strides[0] = stride0 * kItem;
    x.strides[1] = stride1 * kItem;
    return x;
  };
  for (const Source& x : {strided(0, 1, 5, 10),    // Fortran order
                          strided(24, -6, 3, 1),   // rows backwards
                          strided(5, 6, -3, -1),   // both axes backwards
                          strided(0, 0, 3, 1),     // one row for all
                          strided(0, 6, 0, 0),     // one number a row
                          strided(0, 24, 12, 4),   // every fourth number
                          strided(0, 12, 6, 2),    // every second
                          strided(2, 1, 1, 1)}) {  // rows that overlap
    check_gather<float, E>(x, kRows);
    check_gather<double, E>(x, kRows);
  }
}

TEST_CASE("source: elements need not be aligned") {
  std::vector<std::byte> bytes(1 + 4 * 3 * sizeof(double));
  const auto values = random_values<double>(12, 1);
  std::memcpy(bytes.data() + 1, values.data(), values.size() * sizeof(double));
  Source x = source<double>(nullptr, 4, {3});
  x.data = bytes.data() + 1;
  check_gather<double, double>(x, {3, 1});
  check_gather<float, double>(x, {3, 1});
}

TEST_CASE_TEMPLATE("source: every one of the 65536 half-precision numbers is converted exactly", T, float, double) {
  std::vector<std::uint16_t> bits(65536);
  std::iota(bits.begin(), bits.end(), std::uint16_t{0});
  Source x = source(bits.data(), 1, {65536});
  x.type = ElementType::kFloat16;
  CHECK_FALSE(x.is_integer());
  std::vector<T> got(bits.size());
  const Index rows[] = {0};
  gather<T>(x, rows, got.data());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const double expected = reference::half(bits[i]);
    REQUIRE((std::isnan(expected) ? std::isnan(got[i]) : static_cast<double>(got[i]) == expected));
    if (expected == 0) REQUIRE(std::signbit(got[i]) == (bits[i] != 0));
  }
}

TEST_CASE_TEMPLATE("source: rows of every element type are multiplied by a scale", E, std::int8_t, std::int16_t,
                   std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, float,
                   double) {
  const auto values = counted<E>(5 * 67, std::is_signed_v<E> ? -7 : 3);
  const Source plain = source(values.data(), 5, {67});
  Source strided = source(values.data(), 5, {33});
  strided.strides[0] *= 2;
  for (const Source& x : {plain, strided}) {
    const auto size = static_cast<std::size_t>(numel(x.sample));
    for (const std::vector<Index>& rows : {kRows, std::vector<Index>{1, 2, 3}}) {
      for (const double scale : {1 / 255.0, 3.0}) {
        std::vector<float> narrow(rows.size() * size);
        std::vector<double> wide(narrow.size());
        gather<float>(x, rows, narrow.data(), scale);
        gather<double>(x, rows, wide.data(), scale);
        for (std::size_t i = 0; i < wide.size(); ++i) {
          const double value =
              static_cast<double>(reference::element<E>(x, rows[i / size], static_cast<Index>(i % size)));
          REQUIRE(wide[i] == value * scale);
          if constexpr (std::is_same_v<E, double>)
            REQUIRE(narrow[i] == static_cast<float>(value * scale));
          else
            REQUIRE(narrow[i] == static_cast<float>(value) * static_cast<float>(scale));
        }
      }
    }
  }
}

TEST_CASE("source: dual numbers are scaled with their slopes, others have none") {
  const Dual duals[] = {{1, 2}, {3, -4}};
  Source x = source<double>(nullptr, 2, {});
  x.data = reinterpret_cast<const std::byte*>(duals);
  x.type = ElementType::kDual;
  x.row_stride = sizeof(Dual);
  const Index rows[] = {1, 0};
  Dual got[2];
  gather(x, rows, got, 0.5);
  CHECK((got[0].value == 1.5 && got[0].slope == -2 && got[1].value == 0.5 && got[1].slope == 1));
  const std::uint8_t bytes[] = {10, 20};
  gather(source(bytes, 2, {}), rows, got, 0.5);
  CHECK((got[0].value == 10 && got[0].slope == 0 && got[1].value == 5 && got[1].slope == 0));
}

TEST_CASE("source: what a scale makes infinite is found, and what it makes finite is good") {
  const float large[] = {1.0f, 1e30f};
  CHECK_NOTHROW(require_finite<float>(source(large, 2, {}), {}, 1e8));
  CHECK_THROWS_AS(require_finite<float>(source(large, 2, {}), {}, 1e9), DataError);
  const std::int64_t integers[] = {1, std::numeric_limits<std::int64_t>::max()};
  CHECK_NOTHROW(require_finite<float>(source(integers, 2, {}), {}, 1e19));
  CHECK_THROWS_AS(require_finite<float>(source(integers, 2, {}), {}, 1e20), DataError);
  const double larger[] = {1e40};
  CHECK_NOTHROW(require_finite<float>(source(larger, 1, {}), {}, 1e-10));
}

std::string message_of(const Source& x) {
  try {
    require_finite<float>(x);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("source: NaN and infinity are found, with the name and the row") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const Index row : {0, 1, 2999, 4999}) {
    for (const float bad : {nan, infinity, -infinity}) {
      std::vector<float> values(5000 * 3, 1.0f);
      values[static_cast<std::size_t>(3 * row + 1)] = bad;
      const std::string message = message_of(source(values.data(), 5000, {3}, "x_train"));
      CAPTURE(message);
      CHECK(message.starts_with("x_train: expected finite numbers, got "));
      CHECK(message.find(text("row ", row, " ")) != std::string::npos);
      CHECK(message.find(std::isnan(bad) ? "NaN" : "infinity") != std::string::npos);
    }
  }
}

TEST_CASE("source: only what float cannot hold is infinite as a float") {
  const double large[] = {1.0, 1e300};
  const Source x = source(large, 2, {});
  CHECK_NOTHROW(require_finite<double>(x));
  CHECK_THROWS_AS(require_finite<float>(x), DataError);
  const std::uint16_t half_infinity[] = {0x3c00, 0x7c00};
  Source h = source(half_infinity, 2, {});
  h.type = ElementType::kFloat16;
  CHECK(message_of(h).find("row 1") != std::string::npos);
}

TEST_CASE("source: finite numbers, integers and empty arrays pass") {
  const float largest[] = {std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest(),
                           std::numeric_limits<float>::denorm_min()};
  CHECK(message_of(source(largest, 3, {})).empty());
  const std::int64_t integers[] = {std::numeric_limits<std::int64_t>::max()};
  CHECK(message_of(source(integers, 1, {})).empty());
  CHECK(message_of(source(largest, 0, {3})).empty());
  CHECK(message_of(source(largest, 3, {0})).empty());
}

}  // namespace
}  // namespace nncpp::testing
