#include "nncpp/source.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nncpp/error.hpp"
#include "simd.hpp"

namespace nncpp {
namespace {

struct Float16 {
  std::uint16_t bits;
};

// What is multiplied by the scale: a double before it becomes a float, which may not hold it; all others as T.
template <typename T, typename S>
using Product = std::conditional_t<std::is_same_v<S, double>, S, T>;

template <typename T, typename S>
T convert(const std::byte* from, Product<T, S> scale) {
  S value;
  std::memcpy(&value, from, sizeof(S));  // a view into a record array need not be aligned
  if constexpr (std::is_same_v<S, Float16>)
    return static_cast<T>(Eigen::half_impl::half_to_float(Eigen::half_impl::raw_uint16_to_half(value.bits))) * scale;
  else if constexpr (std::is_same_v<T, Index>)
    return static_cast<T>(value);
  else
    return static_cast<T>(static_cast<Product<T, S>>(value) * scale);
}

// innermost axes first taken together where memory allows; most sources become one run of elements
struct Layout {
  std::array<Index, Shape::kMaxRank> lengths{}, strides{};
  std::size_t rank = 0;
};

Layout collapse(const Source& source, Index item) {
  Layout layout;
  for (std::size_t axis = 0; axis < source.sample.rank(); ++axis) {
    const Index length = source.sample[axis], stride = source.strides[axis];
    if (length == 1) continue;
    if (layout.rank > 0 && layout.strides[layout.rank - 1] == length * stride) {
      layout.lengths[layout.rank - 1] *= length;
      layout.strides[layout.rank - 1] = stride;
    } else {
      layout.lengths[layout.rank] = length;
      layout.strides[layout.rank++] = stride;
    }
  }
  if (layout.rank == 0) {
    layout.lengths[0] = 1;
    layout.strides[0] = item;
    layout.rank = 1;
  }
  return layout;
}

// the last `axes` of them; counted down, because the compiler would make a copy of it for each known first one
template <typename T, typename S>
T* gather_axes(const std::byte* from, const Layout& layout, std::size_t axes, Product<T, S> scale, T* to) {
  const Index length = layout.lengths[layout.rank - axes], stride = layout.strides[layout.rank - axes];
  if (axes > 1) {
    for (Index i = 0; i < length; ++i) to = gather_axes<T, S>(from + i * stride, layout, axes - 1, scale, to);
    return to;
  }
  if (stride == sizeof(S)) {
    if (std::is_same_v<T, S> && scale == Product<T, S>(1))
      std::memcpy(to, from, static_cast<std::size_t>(length) * sizeof(T));
    else
      for (Index i = 0; i < length; ++i) to[i] = convert<T, S>(from + i * static_cast<Index>(sizeof(S)), scale);
  } else {
    for (Index i = 0; i < length; ++i) to[i] = convert<T, S>(from + i * stride, scale);
  }
  return to + length;
}

bool is_consecutive(std::span<const Index> rows) {
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (rows[i] != rows[i - 1] + 1) return false;
  return !rows.empty();
}

template <typename T, typename S>
void gather_rows(const Source& source, std::span<const Index> rows, T* to, double factor) {
  const Layout layout = collapse(source, sizeof(S));
  const auto scale = static_cast<Product<T, S>>(factor);
  if (std::is_same_v<T, S> && factor == 1) {
    // a stretch of whole rows, as prediction takes them, is one copy
    const Index row_size = layout.lengths[0];
    const bool is_plain =
        layout.rank == 1 && layout.strides[0] == sizeof(S) && source.row_stride == row_size * Index{sizeof(S)};
    if (is_plain && is_consecutive(rows)) {
      std::memcpy(to, source.data + rows.front() * source.row_stride,
                  rows.size() * static_cast<std::size_t>(source.row_stride));
      return;
    }
  }
  for (const Index row : rows)
    to = gather_axes<T, S>(source.data + row * source.row_stride, layout, layout.rank, scale, to);
}

// of a sparse source, one in each row
Source entries_of(Source source) {
  source.rows = source.num_entries;
  source.begins = nullptr;
  source.sample = {};
  return source;
}

}  // namespace

Source Source::step(Index t) const {
  Source result = *this;
  if (sample.rank() == 0) return result;  // (rows) stands for (rows, 1)
  result.data += t * strides[0];
  result.sample = sample.sample();
  std::copy(strides.begin() + 1, strides.end(), result.strides.begin());
  return result;
}

Source Source::sequence(Index r, Index length) const {
  Source result = step(0);
  result.data += r * row_stride;
  result.rows = length;
  result.row_stride = strides[0];
  result.name = name + "[" + std::to_string(r) + "]";  // text() takes longer than a look at a short row
  return result;
}

// numbers without slopes
template <>
void gather(const Source& source, std::span<const Index> rows, Dual* to, double scale) {
  if (source.type == ElementType::kDual) return gather_rows<Dual, Dual>(source, rows, to, scale);
  std::vector<double> values(rows.size() * static_cast<std::size_t>(numel(source.sample)));
  gather(source, rows, values.data(), scale);
  std::copy(values.begin(), values.end(), to);
}

template <typename T>
void gather(const Source& source, std::span<const Index> rows, T* to, double scale) {
  switch (source.type) {
    case ElementType::kBool:
    case ElementType::kUint8:
      return gather_rows<T, std::uint8_t>(source, rows, to, scale);
    case ElementType::kInt8:
      return gather_rows<T, std::int8_t>(source, rows, to, scale);
    case ElementType::kInt16:
      return gather_rows<T, std::int16_t>(source, rows, to, scale);
    case ElementType::kInt32:
      return gather_rows<T, std::int32_t>(source, rows, to, scale);
    case ElementType::kInt64:
      return gather_rows<T, std::int64_t>(source, rows, to, scale);
    case ElementType::kUint16:
      return gather_rows<T, std::uint16_t>(source, rows, to, scale);
    case ElementType::kUint32:
      return gather_rows<T, std::uint32_t>(source, rows, to, scale);
    case ElementType::kUint64:
      return gather_rows<T, std::uint64_t>(source, rows, to, scale);
    case ElementType::kFloat16:
      return gather_rows<T, Float16>(source, rows, to, scale);
    case ElementType::kFloat32:
      return gather_rows<T, float>(source, rows, to, scale);
    case ElementType::kFloat64:
      return gather_rows<T, double>(source, rows, to, scale);
    case ElementType::kDual:
      throw TypeError(text(source.name, ": expected real numbers, got dual numbers"));
  }
}

template <typename T>
void gather(const Source& source, std::span<const Index> rows, const Sequences& sequences, T* to, double scale) {
  const Index size = numel(source.step(0).sample);
  for (Index t = 0; t < sequences.longest(); ++t) {
    const auto active = static_cast<std::size_t>(sequences.active(t));
    gather<T>(source.step(t), rows.first(active), to, scale);
    to += static_cast<Index>(active) * size;
  }
}

template <typename T>
void gather(const Source& source, std::span<const Index> rows, Picks<T>& picks) {
  picks.begins.assign(1, 0);
  picks.columns.clear();
  std::vector<Index> picked;
  // require_sparse has seen begins and columns, but the memory is the caller's
  for (const Index row : rows) {
    const Index begin = source.begins[row], end = source.begins[row + 1];
    if (begin < 0 || end < begin || end > source.num_entries)
      throw DataError(text(source.name, ": expected indptr to ascend to ", source.num_entries, ", got ", begin, " and ",
                           end, " at row ", row));
    picks.columns.insert(picks.columns.end(), source.columns + begin, source.columns + end);
    picks.begins.push_back(static_cast<Index>(picks.columns.size()));
    picked.resize(picks.columns.size());
    std::iota(picked.end() - (end - begin), picked.end(), begin);
  }
  const Index bound = source.sample[0];
  for (const Index column : picks.columns)
    if (column < 0 || column >= bound)
      throw DataError(text(source.name, ": expected columns 0 ... ", bound - 1, ", got ", column));
  picks.values.resize(picks.columns.size());
  gather<T>(entries_of(source), picked, picks.values.data());
}

void require_tokens(const Source& source, Index bound) {
  const Index columns = numel(source.sample);
  std::vector<Index> tokens(static_cast<std::size_t>(columns));
  for (Index r = 0; r < source.rows; ++r) {
    gather<Index>(source, std::span(&r, 1), tokens.data());
    for (const Index token : tokens)
      if (token < 0 || token >= bound)
        throw DataError(text(source.name, ": expected tokens 0 ... ", bound - 1, ", got ", token, " in row ", r));
  }
}

void require_sparse(const Source& source) {
  const Index bound = source.sample[0];
  for (Index r = 0; r < source.rows; ++r) {
    const Index begin = source.begins[r], end = source.begins[r + 1];
    if (begin < 0 || end < begin || end > source.num_entries || (r == 0 && begin != 0))
      throw DataError(text(source.name, ": expected indptr to ascend from 0 to ", source.num_entries, ", got ", begin,
                           " and ", end, " at row ", r));
    for (Index e = begin; e < end; ++e) {
      const Index column = source.columns[e];
      if (column < 0 || column >= bound)
        throw DataError(text(source.name, ": expected columns 0 ... ", bound - 1, ", got ", column, " in row ", r));
      if (e > begin && column <= source.columns[e - 1])
        throw DataError(text(source.name, ": expected ascending columns, each once, got ", source.columns[e - 1],
                             " and ", column, " in row ", r, "; sum duplicates and sort first"));
    }
  }
}

template <typename T>
void require_finite(const T* values, Index rows, Index columns, const Source& source, Index first_row) {
  // x - x is 0 for a finite x and NaN otherwise: one sum tells whether all are
  if (simd::sum(values, rows * columns, T(0), [](const auto& x) { return simd::ei::psub(x, x); }) == T(0)) return;
  const auto* bad = std::find_if(values, values + rows * columns, [](T x) { return !std::isfinite(value_of(x)); });
  Index row = first_row + (bad - values) / std::max<Index>(columns, 1);
  if (source.is_sparse()) row = std::upper_bound(source.begins, source.begins + source.rows, row) - source.begins - 1;
  throw DataError(text(source.name, ": expected finite numbers, got ", std::isnan(value_of(*bad)) ? "NaN" : "infinity",
                       " in row ", row, " (as float", 8 * sizeof(Real<T>), "); drop or fill such rows first"));
}

template <typename T>
void require_finite(const Source& source, const Poll& poll, double scale) {
  if (source.is_integer() && scale <= 1) return;  // any T holds 2^64
  const Source entries = source.is_sparse() ? entries_of(source) : source;
  const Index columns = numel(entries.sample);
  if (columns == 0) return;
  const Index block = std::max<Index>(1, 65536 / columns);
  std::vector<Index> rows(static_cast<std::size_t>(std::min(block, entries.rows)));
  std::vector<T> values(rows.size() * static_cast<std::size_t>(columns));
  for (Index first = 0; first < entries.rows; first += block) {
    if (poll && poll()) throw Interrupted{};
    const Index count = std::min(block, entries.rows - first);
    std::iota(rows.begin(), rows.begin() + count, first);
    gather<T>(entries, std::span<const Index>(rows.data(), static_cast<std::size_t>(count)), values.data(), scale);
    require_finite<T>(values.data(), count, columns, source, first);
  }
}

template void gather<float>(const Source&, std::span<const Index>, float*, double);
template void gather<double>(const Source&, std::span<const Index>, double*, double);
template void gather<Index>(const Source&, std::span<const Index>, Index*, double);
#define NNCPP_INSTANTIATE(T) \
  template void gather<T>(const Source&, std::span<const Index>, const Sequences&, T*, double);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
NNCPP_INSTANTIATE(Index)
#undef NNCPP_INSTANTIATE
template void gather<float>(const Source&, std::span<const Index>, Picks<float>&);
template void gather<double>(const Source&, std::span<const Index>, Picks<double>&);
template void gather<Dual>(const Source&, std::span<const Index>, Picks<Dual>&);
template void require_finite<float>(const Source&, const Poll&, double);
template void require_finite<double>(const Source&, const Poll&, double);
template void require_finite<Dual>(const Source&, const Poll&, double);
template void require_finite<float>(const float*, Index, Index, const Source&, Index);
template void require_finite<double>(const double*, Index, Index, const Source&, Index);
template void require_finite<Dual>(const Dual*, Index, Index, const Source&, Index);

}  // namespace nncpp
