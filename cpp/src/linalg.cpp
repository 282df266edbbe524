// A packed kernel of our own on Eigen's packets: kRows rows of C by kVectors registers of columns stay in registers
// while k runs. Eigen's own product would add in an order that depends on the tile; this one never does.
#include "nncpp/linalg.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "nncpp/parallel.hpp"
#include "nncpp/tensor.hpp"
#include "simd.hpp"

namespace nncpp {
namespace {

#if defined(__AVX512F__)
constexpr int kRows = 8, kVectors = 3;  // 24 sums of 32 registers
#elif defined(__ARM_NEON)
constexpr int kRows = 6, kVectors = 4;
#else
constexpr int kRows = 4, kVectors = 3;  // 12 sums of 16 registers
#endif

constexpr Index kBlockK = 256;    // k of one partial sum: a constant, because it decides the bits
constexpr Index kTileRows = 128;  // a task's piece of C
constexpr Index kTileColumns = 384;

static_assert(kTileRows % kRows == 0);

template <typename T>
constexpr Index kPanel = kVectors * simd::kLanes<T>;  // columns of one panel of B

// A thread's room for one packed block of A and one packed panel of B. Fixed size: a step never allocates.
constexpr std::size_t kBytesA = kTileRows * kBlockK * sizeof(double);
constexpr std::size_t kBytesB = kPanel<double> * kBlockK * sizeof(double);
alignas(kAlignment) thread_local std::byte packed_a[kBytesA];
alignas(kAlignment) thread_local std::byte packed_b[kBytesB];
static_assert(kPanel<float> * sizeof(float) <= kPanel<double> * sizeof(double));

// How a tile begins and ends: start from the bias or from 0, then assign or add.
template <typename T>
struct Edge {
  const T* bias;    // (columns of the panel) or null
  bool adds;
  Index last;       // columns in the last register of a row, 1 ... lanes
};

// c (R, V registers) = or += sum over k of a (R, k) b (k, V registers)
template <typename T, int R, int V>
void tile(Index depth, const T* a, Index a_row, Index a_depth, const T* b, Index b_stride, T* c, Index c_stride,
          const Edge<T>& edge) {
  using Packet = simd::Packet<T>;
  constexpr Index L = simd::kLanes<T>;
  Packet sum[R][V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    Packet start = simd::set<T>(T(0));
    if (edge.bias != nullptr)
      start = v + 1 < V ? simd::load<T>(edge.bias + v * L) : simd::load_front<T>(edge.bias + v * L, edge.last);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sum[r][v] = start;
  }
  for (Index k = 0; k < depth; ++k) {
    Packet right[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) right[v] = simd::load<T>(b + v * L);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Packet left = simd::set<T>(a[r * a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[r][v] = simd::ei::pmadd(left, right[v], sum[r][v]);
    }
    a += a_depth;
    b += b_stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      T* to = c + r * c_stride + v * L;
      if (v + 1 < V || edge.last == L) {
        simd::store<T>(to, edge.adds ? simd::ei::padd(simd::load<T>(to), sum[r][v]) : sum[r][v]);
      } else {
        const Packet old = edge.adds ? simd::load_front<T>(to, edge.last) : simd::set<T>(T(0));
        simd::store_front<T>(to, edge.adds ? simd::ei::padd(old, sum[r][v]) : sum[r][v], edge.last);
      }
    }
  }
}

template <typename T>
using TileFunction = void (*)(Index, const T*, Index, Index, const T*, Index, T*, Index, const Edge<T>&);

template <typename T, int V, int... R>
constexpr std::array<TileFunction<T>, kRows> tiles_of(std::integer_sequence<int, R...>) {
  return {&tile<T, R + 1, V>...};
}
template <typename T, int... V>
constexpr std::array<std::array<TileFunction<T>, kRows>, kVectors> all_tiles(std::integer_sequence<int, V...>) {
  return {tiles_of<T, V + 1>(std::make_integer_sequence<int, kRows>{})...};
}
template <typename T>
constexpr auto kTiles = all_tiles<T>(std::make_integer_sequence<int, kVectors>{});  // [vectors - 1][rows - 1]

// `size` in equal pieces of at most `most`: 64 rows by 24 would be 24 + 24 + 16, here 22 + 21 + 21
struct Pieces {
  Index size, count;
  Pieces(Index size_, Index most) : size(size_), count((size_ + most - 1) / most) {}
  Index begin(Index i) const { return i * (size / count) + std::min(i, size % count); }
};

// to (depth, L at every `width`) = the transpose of L rows of `depth` elements that lie `stride` apart
template <typename T>
void turn(const T* from, Index stride, Index depth, Index width, T* to) {
  constexpr Index L = simd::kLanes<T>;
  Index p = 0;
  for (; p + L <= depth; p += L) {
    simd::ei::PacketBlock<simd::Packet<T>, static_cast<int>(L)> block;
    for (Index l = 0; l < L; ++l) block.packet[l] = simd::load<T>(from + p + l * stride);
    simd::ei::ptranspose(block);
    for (Index l = 0; l < L; ++l) simd::store<T>(to + (p + l) * width, block.packet[l]);
  }
  for (; p < depth; ++p)
    for (Index l = 0; l < L; ++l) to[p * width + l] = from[p + l * stride];
}

// to (depth, width): rows k of B, columns from j, zeros after `columns`
template <typename T>
void pack_b(const Matrix<T>& b, Index k, Index depth, Index j, Index columns, Index width, T* to) {
  constexpr Index L = simd::kLanes<T>;
  if (b.column_stride == 1) {
    const T* from = b.data + k * b.row_stride + j;
    for (Index p = 0; p < depth; ++p, from += b.row_stride, to += width) {
      Index i = 0;
      for (; i + L <= columns; i += L) simd::store<T>(to + i, simd::load<T>(from + i));
      for (; i < width; i += L) simd::store<T>(to + i, simd::load_front<T>(from + i, std::max<Index>(columns - i, 0)));
    }
    return;
  }
  // B is a transpose: L columns of B are L rows in memory, turned in registers
  Index i = 0;
  for (; i + L <= columns; i += L)
    turn(b.data + k + (j + i) * b.column_stride, b.column_stride, depth, width, to + i);
  for (; i < width; ++i)
    for (Index p = 0; p < depth; ++p)
      to[p * width + i] = i < columns ? b.data[k + p + (j + i) * b.column_stride] : T(0);
}

// to (depth, width): the columns of A^T that a task uses; width is a whole number of registers
template <typename T>
void pack_a(const Matrix<T>& a, Index row, Index rows, Index k, Index depth, Index width, T* to) {
  constexpr Index L = simd::kLanes<T>;
  const T* from = a.data + row * a.row_stride + k;
  Index i = 0;
  for (; i + L <= rows; i += L) turn(from + i * a.row_stride, a.row_stride, depth, width, to + i);
  for (; i < rows; ++i)
    for (Index p = 0; p < depth; ++p) to[p * width + i] = from[i * a.row_stride + p];
}

// one task: rows [row, row + rows) and columns [column, column + columns) of C
template <typename T>
void multiply_block(const Matrix<T>& a, const Matrix<T>& b, T* c, Write write, const T* bias, Index row, Index rows,
                    Index column, Index columns) {
  constexpr Index L = simd::kLanes<T>;
  const Index c_stride = b.columns;
  const Pieces tiles(rows, kRows), panels((columns + L - 1) / L, kVectors);
  T* const room_a = reinterpret_cast<T*>(packed_a);
  T* const room_b = reinterpret_cast<T*>(packed_b);
  // Packing pays when the block is used by many panels, or when its rows lie a page or more apart.
  const bool packs_a = panels.count > 2 && a.row_stride != 1;
  const Index width_a = padded<T>(rows);
  const bool packs_b_far = b.column_stride != 1 || (tiles.count > 2 && b.row_stride * Index{sizeof(T)} >= 2048);

  for (Index k = 0; k == 0 || k < a.columns; k += kBlockK) {
    const Index depth = std::min(kBlockK, a.columns - k);
    if (packs_a) pack_a(a, row, rows, k, depth, width_a, room_a);
    for (Index p = 0; p < panels.count; ++p) {
      const Index first = panels.begin(p) * L, vectors = panels.begin(p + 1) - panels.begin(p);
      const Index width = vectors * L, count = std::min(width, columns - first), j = column + first;
      const T* right = b.data + k * b.row_stride + j;
      Index right_stride = b.row_stride;
      if (packs_b_far || count < width) {
        pack_b(b, k, depth, j, count, width, room_b);
        right = room_b;
        right_stride = width;
      }
      const Edge<T> edge{bias != nullptr && k == 0 ? bias + j : nullptr, k > 0 || write == Write::kAdd,
                         count - (vectors - 1) * L};
      for (Index t = 0; t < tiles.count; ++t) {
        const Index i = row + tiles.begin(t), height = tiles.begin(t + 1) - tiles.begin(t);
        const TileFunction<T> run = kTiles<T>[static_cast<std::size_t>(vectors - 1)][static_cast<std::size_t>(height - 1)];
        T* to = c + i * c_stride + j;
        if (packs_a) {
          run(depth, room_a + tiles.begin(t), 1, width_a, right, right_stride, to, c_stride, edge);
        } else {
          run(depth, a.data + i * a.row_stride + k * a.column_stride, a.row_stride, a.column_stride, right, right_stride,
              to, c_stride, edge);
        }
      }
    }
  }
}

}  // namespace

template <typename T>
void multiply(const Matrix<T>& a, const Matrix<T>& b, T* c, Write write, const T* bias) {
  if (a.rows == 0 || b.columns == 0) return;
  constexpr Index L = simd::kLanes<T>;
  const Pieces row_tiles(a.rows, kTileRows), column_tiles((b.columns + L - 1) / L, kTileColumns / L);
  const double work = static_cast<double>(a.rows) * static_cast<double>(b.columns) * static_cast<double>(a.columns);
  parallel_for(row_tiles.count * column_tiles.count, work, [&](Index task) {
    const Index r = task % row_tiles.count, s = task / row_tiles.count;
    const Index row = row_tiles.begin(r), column = column_tiles.begin(s) * L;
    multiply_block(a, b, c, write, bias, row, row_tiles.begin(r + 1) - row, column,
                   std::min(column_tiles.begin(s + 1) * L, b.columns) - column);
  });
}

template <typename T>
void sum_rows(const T* x, Index rows, Index columns, T* y, Write write) {
  constexpr Index L = simd::kLanes<T>;
  constexpr Index kColumns = 4 * L;
  const double work = static_cast<double>(rows) * static_cast<double>(columns);
  parallel_for((columns + kColumns - 1) / kColumns, work, [&](Index task) {
    const Index begin = task * kColumns, end = std::min(columns, begin + kColumns);
    for (Index j = begin; j < end; j += L) {
      const Index count = std::min(L, end - j);
      simd::Packet<T> total = write == Write::kAdd ? simd::load_front<T>(y + j, count) : simd::set<T>(T(0));
      if (count == L)
        for (Index i = 0; i < rows; ++i) total = simd::ei::padd(total, simd::load<T>(x + i * columns + j));
      else
        for (Index i = 0; i < rows; ++i) total = simd::ei::padd(total, simd::load_front<T>(x + i * columns + j, count));
      simd::store_front<T>(y + j, total, count);
    }
  });
}

#define NNCPP_INSTANTIATE(T)                                                                    \
  template void multiply<T>(const Matrix<T>&, const Matrix<T>&, T*, Write, const T*);           \
  template void sum_rows<T>(const T*, Index, Index, T*, Write);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
