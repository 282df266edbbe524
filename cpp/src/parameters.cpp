#include "nncpp/parameters.hpp"

#include <cmath>

#include "nncpp/error.hpp"

namespace nncpp {
namespace {

// Q of a matrix of the normal numbers from `first` by modified Gram-Schmidt, twice for accuracy; rows or columns,
// whichever is fewer, orthonormal
std::vector<double> orthogonal(Index rows, Index columns, const RandomKey& key, std::uint64_t first) {
  const Index count = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> q(static_cast<std::size_t>(count * length));
  const auto at = [&](Index i, Index j) -> double& { return q[static_cast<std::size_t>(i * length + j)]; };
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < length; ++j) at(i, j) = key.normal(first + static_cast<std::uint64_t>(i * length + j));
    for (int pass = 0; pass < 2; ++pass) {
      for (Index p = 0; p < i; ++p) {
        double dot = 0;
        for (Index j = 0; j < length; ++j) dot += at(i, j) * at(p, j);
        for (Index j = 0; j < length; ++j) at(i, j) -= dot * at(p, j);
      }
    }
    double norm = 0;
    for (Index j = 0; j < length; ++j) norm += at(i, j) * at(i, j);
    norm = std::sqrt(norm);
    for (Index j = 0; j < length; ++j) at(i, j) /= norm;
  }
  std::vector<double> values(static_cast<std::size_t>(rows * columns));
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c)
      values[static_cast<std::size_t>(r * columns + c)] = rows <= columns ? at(r, c) : at(c, r);
  return values;
}

}  // namespace

template <typename T>
void initialize(const SegmentSpec& spec, const RandomKey& key, T* values) {
  using Kind = Initializer::Kind;
  const Index size = numel(spec.shape);
  const double fan_in = static_cast<double>(spec.fan_in), fan_out = static_cast<double>(spec.fan_out);
  const auto normal = [&](double mean, double deviation) {
    for (Index i = 0; i < size; ++i)
      values[i] = static_cast<T>(mean + deviation * key.normal(static_cast<std::uint64_t>(i)));
  };
  const auto uniform = [&](double low, double high) {
    for (Index i = 0; i < size; ++i)
      values[i] = static_cast<T>(low + (high - low) * key.uniform(static_cast<std::uint64_t>(i)));
  };
  const auto& [kind, a, b] = spec.initializer;
  switch (kind) {
    case Kind::kConstant:
      for (Index i = 0; i < size; ++i) values[i] = static_cast<T>(a);
      return;
    case Kind::kNormal:
      return normal(a, b);
    case Kind::kUniform:
      return uniform(a, b);
    case Kind::kGlorotUniform: {
      const double limit = std::sqrt(6.0 / (fan_in + fan_out));
      return uniform(-limit, limit);
    }
    case Kind::kGlorotNormal:
      return normal(0, std::sqrt(2.0 / (fan_in + fan_out)));
    case Kind::kHeUniform: {
      const double limit = std::sqrt(6.0 / fan_in);
      return uniform(-limit, limit);
    }
    case Kind::kHeNormal:
      return normal(0, std::sqrt(2.0 / fan_in));
    case Kind::kLecunNormal:
      return normal(0, std::sqrt(1.0 / fan_in));
    case Kind::kOrthogonal: {
      if (spec.shape.rank() < 2) throw ShapeError(text("orthogonal initializer: expected a matrix, got ", spec.shape));
      const Index columns = spec.shape.back(), rows = size / columns, width = columns / spec.num_blocks;
      for (Index block = 0; block < spec.num_blocks; ++block) {
        const auto q = orthogonal(rows, width, key, static_cast<std::uint64_t>(block * rows * width));
        for (Index i = 0; i < rows * width; ++i)
          values[i / width * columns + block * width + i % width] = static_cast<T>(a * q[static_cast<std::size_t>(i)]);
      }
      return;
    }
    case Kind::kIdentity: {
      const Index columns = spec.shape.back();
      for (Index i = 0; i < size; ++i) values[i] = i / columns == i % columns ? T(1) : T(0);
      return;
    }
  }
}

template void initialize<float>(const SegmentSpec&, const RandomKey&, float*);
template void initialize<double>(const SegmentSpec&, const RandomKey&, double*);
template void initialize<Dual>(const SegmentSpec&, const RandomKey&, Dual*);

}  // namespace nncpp
