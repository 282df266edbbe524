// The plain-loop twin of every fast kernel, in double: what the fast one is compared with. Never optimise this file.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "nncpp/linalg.hpp"
#include "nncpp/loss.hpp"

namespace nncpp::reference {

using Vector = std::vector<double>;

inline std::size_t at(Index i, Index j, Index columns) { return static_cast<std::size_t>(i * columns + j); }

// C (M, N) = A B, and |A| |B|: what rounding errors are relative to
struct Product {
  Vector values, magnitudes;
};

// the largest error, relative to the sum of the magnitudes of what was added up
double error_of_sums(const auto& got, const Product& expected) {
  double largest = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    if (static_cast<double>(got[i]) == expected.values[i]) continue;
    const double error = std::abs(static_cast<double>(got[i]) - expected.values[i]) / expected.magnitudes[i];
    largest = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(largest, error);
  }
  return largest;
}

template <typename T>
Product product(const Matrix<T>& a, const Matrix<T>& b, const T* bias = nullptr) {
  const Index M = a.rows, K = a.columns, N = b.columns;
  Product c{Vector(static_cast<std::size_t>(M * N)), Vector(static_cast<std::size_t>(M * N))};
  for (Index i = 0; i < M; ++i) {
    for (Index j = 0; j < N; ++j) {
      double sum = bias ? static_cast<double>(bias[j]) : 0.0, magnitude = std::abs(sum);
      for (Index k = 0; k < K; ++k) {
        const double term = static_cast<double>(a.data[i * a.row_stride + k * a.column_stride]) *
                            static_cast<double>(b.data[k * b.row_stride + j * b.column_stride]);
        sum += term;
        magnitude += std::abs(term);
      }
      c.values[at(i, j, N)] = sum;
      c.magnitudes[at(i, j, N)] = magnitude;
    }
  }
  return c;
}

// y (N) = sum of the rows of x (M, N), and the sum of their magnitudes
template <typename T>
Product sum_rows(const T* x, Index M, Index N) {
  Product y{Vector(static_cast<std::size_t>(N)), Vector(static_cast<std::size_t>(N))};
  for (Index i = 0; i < M; ++i) {
    for (Index j = 0; j < N; ++j) {
      const auto value = static_cast<double>(x[i * N + j]);
      y.values[static_cast<std::size_t>(j)] += value;
      y.magnitudes[static_cast<std::size_t>(j)] += std::abs(value);
    }
  }
  return y;
}

inline Vector softmax(const Vector& z, Index rows, Index columns) {
  Vector v(z.size());
  for (Index i = 0; i < rows; ++i) {
    double largest = z[at(i, 0, columns)], sum = 0;
    for (Index j = 1; j < columns; ++j) largest = std::max(largest, z[at(i, j, columns)]);
    for (Index j = 0; j < columns; ++j) sum += std::exp(z[at(i, j, columns)] - largest);
    for (Index j = 0; j < columns; ++j) v[at(i, j, columns)] = std::exp(z[at(i, j, columns)] - largest) / sum;
  }
  return v;
}

// l and a of selu, Klambauer et al. 2017
inline constexpr double kSeluScale = 1.0507009873554805, kSeluAlpha = 1.6732632423543772;

inline double logistic(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
inline double normal_distribution(double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; }

// f(x) of the pointwise ones
inline double value(Activation activation, double x) {
  switch (activation) {
    case Activation::kStep:
      return x > 0;
    case Activation::kSigmoid:
      return logistic(x);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kHardTanh:
      return std::clamp(x, -1.0, 1.0);
    case Activation::kSoftsign:
      return x / (1 + std::abs(x));
    case Activation::kRelu:
      return x > 0 ? x : 0;
    case Activation::kLeakyRelu:
      return x > 0 ? x : 0.01 * x;
    case Activation::kSoftplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case Activation::kExponential:
      return std::exp(x);
    case Activation::kElu:
      return x > 0 ? x : std::expm1(x);
    case Activation::kSelu:
      return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x));
    case Activation::kGelu:
      return x * normal_distribution(x);
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    default:
      return x;
  }
}

// f'(x) in terms of x
inline double slope(Activation activation, double x) {
  const double s = logistic(x);
  switch (activation) {
    case Activation::kSigmoid:
      return s / (1 + std::exp(x));
    case Activation::kTanh:
      return 1 / (std::cosh(x) * std::cosh(x));
    case Activation::kHardTanh:
      return -1 < x && x < 1;
    case Activation::kSoftsign:
      return std::pow(1 + std::abs(x), -2);
    case Activation::kRelu:
      return x > 0;
    case Activation::kLeakyRelu:
      return x > 0 ? 1 : 0.01;
    case Activation::kSoftplus:
      return s;
    case Activation::kExponential:
      return std::exp(x);
    case Activation::kElu:
      return x > 0 ? 1 : std::exp(x);
    case Activation::kSelu:
      return kSeluScale * (x > 0 ? 1 : kSeluAlpha * std::exp(x));
    case Activation::kGelu:
      return normal_distribution(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    case Activation::kSilu:
      return s + x * s * (1 - s);
    default:
      return 1;
  }
}

inline Vector activate(Activation activation, const Vector& z, Index rows, Index columns) {
  const bool is_log = activation == Activation::kLogSoftmax;
  Vector v = is_log || activation == Activation::kSoftmax ? softmax(z, rows, columns) : z;
  for (double& x : v) x = is_log ? std::log(x) : value(activation, x);
  return v;
}

// dz = J(z)^T dv with the Jacobian written out element by element, in terms of z
inline Vector activate_backward(Activation activation, const Vector& z, const Vector& dv, Index rows, Index columns) {
  const Vector p = softmax(z, rows, columns);
  // dv_j / dz_i
  const auto jacobian = [&](Index r, Index i, Index j) {
    const double p_i = p[at(r, i, columns)];
    if (activation == Activation::kSoftmax) return p[at(r, j, columns)] * ((i == j) - p_i);
    if (activation == Activation::kLogSoftmax) return (i == j) - p_i;
    return i == j ? slope(activation, z[at(r, i, columns)]) : 0.0;
  };
  Vector dz(z.size());
  for (Index r = 0; r < rows; ++r) {
    for (Index i = 0; i < columns; ++i) {
      for (Index j = 0; j < columns; ++j) dz[at(r, i, columns)] += jacobian(r, i, j) * dv[at(r, j, columns)];
    }
  }
  return dz;
}

// loss of one row from z (before the output activation) and a target written out as numbers
inline double squared(const Vector& p, const Vector& y) {
  double sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) sum += (p[k] - y[k]) * (p[k] - y[k]);
  return sum;
}
inline double nll(const Vector& z, const Vector& y) {
  double sum = 0;
  for (std::size_t k = 0; k < z.size(); ++k) {
    const double p = 1 / (1 + std::exp(-z[k]));
    sum -= y[k] * std::log(p) + (1 - y[k]) * std::log(1 - p);
  }
  return sum;
}
inline double nllm(const Vector& z, const Vector& y) {
  const Vector p = softmax(z, 1, static_cast<Index>(z.size()));
  double sum = 0;
  for (std::size_t k = 0; k < z.size(); ++k) sum -= y[k] * std::log(p[k]);
  return sum;
}

inline constexpr double kDelta = 0.7, kMargin = 0.6, kLabelSmoothing = 0.2, kTemperature = 2.5;

inline double smoothed_nll(const Vector& z, const Vector& y) {
  Vector smoothed = y;
  for (double& value : smoothed) value = (1 - kLabelSmoothing) * value + kLabelSmoothing / 2;
  return nll(z, smoothed);
}
inline double smoothed_nllm(const Vector& z, const Vector& y) {
  Vector smoothed = y;
  for (double& value : smoothed)
    value = (1 - kLabelSmoothing) * value + kLabelSmoothing / static_cast<double>(y.size());
  return nllm(z, smoothed);
}
inline double kl(const Vector& z, const Vector& y) {
  Vector cooled = z;
  for (double& value : cooled) value /= kTemperature;
  const Vector q = softmax(cooled, 1, static_cast<Index>(z.size()));
  double sum = 0;
  for (std::size_t k = 0; k < z.size(); ++k) sum += y[k] * std::log(y[k] / q[k]);
  return kTemperature * kTemperature * sum;
}
inline double expression(const Vector& v, const Vector&) { return std::accumulate(v.begin(), v.end(), 0.0); }
inline double absolute(const Vector& p, const Vector& y) {
  double sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) sum += std::abs(p[k] - y[k]);
  return sum;
}
inline double huber(const Vector& p, const Vector& y) {
  double sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double e = std::abs(p[k] - y[k]);
    sum += e <= kDelta ? e * e / 2 : kDelta * (e - kDelta / 2);
  }
  return sum;
}
// y is -1 or +1, or 0 or 1
inline double hinge(const Vector& s, const Vector& y) {
  double sum = 0;
  for (std::size_t k = 0; k < s.size(); ++k) sum += std::max(1 - (y[k] == 1 ? 1 : -1) * s[k], 0.0);
  return sum;
}
inline double multiclass_hinge(const Vector& s, const Vector& y) {
  const auto right = static_cast<std::size_t>(std::find(y.begin(), y.end(), 1.0) - y.begin());
  double sum = 0;
  for (std::size_t j = 0; j < s.size(); ++j)
    if (j != right) sum += std::max(kMargin + s[j] - s[right], 0.0);
  return sum;
}
inline double max_margin(const Vector& s, const Vector& corrupt) {
  double sum = 0;
  for (std::size_t k = 0; k < s.size(); ++k) sum += std::max(kMargin + corrupt[k] - s[k], 0.0);
  return sum;
}

struct Sgd {
  double momentum = 0;
  bool nesterov = false;
  Vector v = {};

  void step(double rate, const Vector& g, Vector& theta) {
    v.resize(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) {
      v[i] = momentum * v[i] - rate * g[i];
      theta[i] += nesterov ? momentum * v[i] - rate * g[i] : v[i];
    }
  }
};

inline double damped(double r, double epsilon, bool is_inside_root) {
  return is_inside_root ? std::sqrt(r + epsilon) : std::sqrt(r) + epsilon;
}

// AdaGrad where rho is 1: the sum, not an average
struct RmsProp {
  double rho = 0.9, epsilon = 1e-8;
  bool is_inside_root = false;
  Vector r = {};

  void step(double rate, const Vector& g, Vector& theta) {
    r.resize(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) {
      r[i] = rho * r[i] + (rho == 1 ? 1 : 1 - rho) * g[i] * g[i];
      theta[i] -= rate * g[i] / damped(r[i], epsilon, is_inside_root);
    }
  }
};

struct Adadelta {
  double rho = 0.9, epsilon = 1e-6;
  Vector r = {}, s = {};

  void step(double rate, const Vector& g, Vector& theta) {
    r.resize(theta.size());
    s.resize(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) {
      r[i] = rho * r[i] + (1 - rho) * g[i] * g[i];
      const double u = std::sqrt((s[i] + epsilon) / (r[i] + epsilon)) * g[i];
      s[i] = rho * s[i] + (1 - rho) * u * u;
      theta[i] -= rate * u;
    }
  }
};

struct Adam {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  bool is_inside_root = false, bias_correction = true;
  double weight_decay = 0;
  int t = 0;
  Vector m = {}, v = {};

  void step(double rate, const Vector& g, Vector& theta) {
    ++t;
    m.resize(theta.size());
    v.resize(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      const double m_hat = bias_correction ? m[i] / (1 - std::pow(beta1, t)) : m[i];
      const double v_hat = bias_correction ? v[i] / (1 - std::pow(beta2, t)) : v[i];
      theta[i] -= rate * (m_hat / damped(v_hat, epsilon, is_inside_root) + weight_decay * theta[i]);
    }
  }
};

// IEEE half precision: sign, 5 bits of exponent, 10 of mantissa
inline double half(std::uint16_t bits) {
  const double sign = bits >> 15 ? -1 : 1;
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

// element `position` of row `row`, axis by axis
template <typename Element>
Element element(const Source& source, Index row, Index position) {
  Index offset = row * source.row_stride;
  for (std::size_t axis = source.sample.rank(); axis-- > 0;) {
    offset += position % source.sample[axis] * source.strides[axis];
    position /= source.sample[axis];
  }
  Element value;
  std::memcpy(&value, source.data + offset, sizeof value);
  return value;
}

}  // namespace nncpp::reference
