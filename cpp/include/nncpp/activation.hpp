// Activations: v = f(z) and dz = f'(z) dv. Pointwise ones, f' in terms of v where it can be:
//   identity    z                                   1
//   step        1 where z > 0, else 0               none: training through it is refused
//   sigmoid     1 / (1 + exp(-z))                   v (1 - v)
//   tanh        tanh z                              1 - v^2
//   hard_tanh   min(max(z, -1), 1)                  1 where |v| < 1, else 0
//   softsign    z / (1 + |z|)                       (1 - |v|)^2 = 1 / (1 + |z|)^2
//   relu        max(z, 0)                           1 where v > 0, else 0
//   leaky_relu  z where z > 0, else 0.01 z          1 where v > 0, else 0.01
//   softplus    log(1 + exp(z))                     1 - exp(-v)
//   exponential exp(z)                              v
//   elu         z where z > 0, else exp(z) - 1      1 where v > 0, else v + 1
//   selu        l z where z > 0, else l a (exp(z) - 1)   l where v > 0, else v + l a;  l = 1.0507, a = 1.67326
//   gelu        z P(z), P the normal distribution   P(z) + z p(z), p its density
//   silu        z s, s = 1 / (1 + exp(-z))          s (1 + z (1 - s))
// over the last axis:
//   softmax     exp(z_i) / sum_j exp(z_j)           dz_i = v_i (dv_i - sum_j v_j dv_j): the full Jacobian
//   log_softmax z_i - log sum_j exp(z_j)            dz_i = dv_i - exp(v_i) sum_j dv_j
// At a kink the derivative is the one from below; hard_tanh has 0 at both of its kinks.
// Sources: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2-6.3;
// softsign: Bergstra et al. 2009; leaky: Maas et al. 2013; elu: Clevert et al. 2016; selu: Klambauer et al. 2017;
// gelu: Hendrycks, Gimpel 2016 (exact form); silu: Elfwing et al. 2017.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nncpp/linalg.hpp"

namespace nncpp {

enum class Activation {
  kIdentity,
  kStep,
  kSigmoid,
  kTanh,
  kHardTanh,
  kSoftsign,
  kRelu,
  kLeakyRelu,
  kSoftplus,
  kExponential,
  kElu,
  kSelu,
  kGelu,
  kSilu,
  kSoftmax,
  kLogSoftmax
};

std::string_view to_string(Activation activation);
// throws DataError that lists the names
Activation activation_from_name(std::string_view name);
std::span<const std::string_view> activation_names();

// Does the derivative need z, because v does not tell it?
bool needs_z(Activation activation);

// throws DataError for step: its derivative is 0 everywhere and none at 0, so nothing before it could learn
void require_derivative(Activation activation);

// v (rows, columns) = f(z); z and v may be the same memory
template <typename T>
void activate(Activation activation, const T* z, T* v, Index rows, Index columns);

// dz (rows, columns) = or += f'(z) dv; dz and dv may be the same memory; z may be null unless needs_z(activation)
template <typename T>
void activate_backward(Activation activation, const T* z, const T* v, const T* dv, T* dz, Index rows, Index columns,
                       Write write = Write::kAssign);

}  // namespace nncpp
