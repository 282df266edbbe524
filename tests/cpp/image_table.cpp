#include "image_table.hpp"

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/conv2d.hpp"
#include "nncpp/layers/conv2d_transpose.hpp"
#include "nncpp/layers/locally_connected2d.hpp"
#include "nncpp/layers/pool2d.hpp"
#include "nncpp/layers/up_sample.hpp"
#include "nncpp/layers/zero_pad.hpp"

namespace nncpp::testing {
namespace {

// A layer in both types; `set` takes the options of either. It refuses no input, two, and samples of another rank.
template <template <typename> class L, typename Set>
LayerRow& add(std::vector<LayerRow>& table, const std::string& name, const Shape& sample, Set&& set) {
  typename L<float>::Options narrow;
  typename L<double>::Options wide;
  set(narrow), set(wide);
  table.push_back({.name = text(name, ", ", sample),
                   .in_float = std::make_shared<L<float>>(narrow),
                   .in_double = std::make_shared<L<double>>(wide),
                   .inputs = {sample},
                   .refused = {{}, {sample, sample}, {{7}}, {sample.rank() == 3 ? Shape{9, 8} : Shape{9, 8, 4}}}});
  return table.back();
}

// One function for each layer, in the order of add_images().

void add_conv2d(std::vector<LayerRow>& table) {
  const auto same = [](auto& options) { options.window.size = {3, 3}, options.window.is_same = true; };
  add<Conv2D>(table, "Conv2D, one pixel", {2, 3, 4}, [](auto& options) {
    options.filters = 3, options.activation = Activation::kTanh;
  }).refused.push_back({{}});
  add<Conv2D>(table, "Conv2D, no bias", {4, 5, 3}, [](auto& options) {
    options.filters = 2, options.window.size = {3, 2}, options.use_bias = false;
    options.activation = Activation::kRelu;
  }).refused.push_back({{2, 5, 3}});
  add<Conv2D>(table, "Conv2D, same", {5, 4, 1},
              [&](auto& options) { same(options), options.filters = 17, options.activation = Activation::kGelu; });
  add<Conv2D>(table, "Conv2D, same, relu", {3, 3, 2},
              [&](auto& options) { same(options), options.filters = 2, options.activation = Activation::kRelu; });
  add<Conv2D>(table, "Conv2D, same, many channels", {4, 3, 17},
              [&](auto& options) { same(options), options.filters = 33, options.activation = Activation::kSigmoid; });
  add<Conv2D>(table, "Conv2D, softmax", {3, 4, 2},
              [&](auto& options) { same(options), options.filters = 5, options.activation = Activation::kSoftmax; });
  add<Conv2D>(table, "Conv2D, strides and padding", {6, 7, 3}, [](auto& options) {
    options.filters = 4, options.activation = Activation::kTanh;
    options.window = {.size = {3, 3}, .strides = {2, 3}, .padding = {{{1, 2}, {0, 1}}}};
  });
  add<Conv2D>(table, "Conv2D, same, strides of 2", {4, 5, 2}, [&](auto& options) {
    same(options), options.filters = 3, options.window.strides = {2, 2}, options.activation = Activation::kSilu;
  });
  add<Conv2D>(table, "Conv2D, more padding than window", {2, 3, 2}, [](auto& options) {
    options.filters = 3, options.window = {.size = {2, 2}, .padding = {{{3, 0}, {0, 4}}}};
  });
  add<Conv2D>(table, "Conv2D, dilation", {7, 6, 2}, [](auto& options) {
    options.filters = 3, options.activation = Activation::kSoftplus;
    options.window = {.size = {3, 2}, .dilation = {2, 3}, .padding = {{{1, 1}, {2, 0}}}};
  }).refused.push_back({{2, 6, 2}});
  add<Conv2D>(table, "Conv2D, groups", {4, 4, 6}, [&](auto& options) {
    same(options), options.filters = 4, options.groups = 2, options.activation = Activation::kTanh;
  }).refused.push_back({{4, 4, 5}});
  add<Conv2D>(table, "Conv2D, depthwise", {4, 5, 5}, [&](auto& options) {
    same(options), options.filters = 5, options.groups = 5, options.activation = Activation::kGelu;
  });
  add<Conv2D>(table, "Conv2D, depthwise, strides, two filters a channel", {5, 5, 3}, [](auto& options) {
    options.filters = 6, options.groups = 3, options.window = {.size = {3, 3}, .strides = {2, 2}};
  });
  add<Conv2D>(table, "Conv2D, strict", {5, 7, 2}, [](auto& options) {
    options.filters = 2, options.window = {.size = {3, 3}, .strides = {2, 2}, .is_strict = true};
  }).refused.push_back({{6, 7, 2}});
}

void add_conv1d(std::vector<LayerRow>& table) {
  const auto window = [](auto& options, Index size) {
    options.window.size = {1, size}, options.window.is_sequence = true;
  };
  add<Conv2D>(table, "Conv1D", {7, 3}, [&](auto& options) {
    window(options, 3), options.filters = 4, options.activation = Activation::kTanh;
  }).refused.push_back({{2, 3}});
  add<Conv2D>(table, "Conv1D, same, strides", {6, 2}, [&](auto& options) {
    window(options, 4), options.filters = 3, options.window.is_same = true, options.window.strides = {1, 2};
  });
  add<Conv2D>(table, "Conv1D, groups, dilation, padding", {8, 4}, [&](auto& options) {
    window(options, 3), options.filters = 6, options.groups = 2, options.activation = Activation::kGelu;
    options.window.dilation = {1, 2}, options.window.padding[1] = {2, 1};
  }).refused.push_back({{8, 3}});
}

void add_conv2d_transpose(std::vector<LayerRow>& table) {
  add<Conv2DTranspose>(table, "Conv2DTranspose", {3, 4, 2}, [](auto& options) {
    options.filters = 3, options.window.size = {3, 2}, options.activation = Activation::kTanh;
  }).refused.push_back({{}});
  add<Conv2DTranspose>(table, "Conv2DTranspose, no bias", {3, 3, 4}, [](auto& options) {
    options.filters = 2, options.window.size = {2, 3}, options.use_bias = false;
    options.activation = Activation::kRelu;
  });
  add<Conv2DTranspose>(table, "Conv2DTranspose, strides, padding, open", {3, 4, 3}, [](auto& options) {
    options.filters = 4, options.activation = Activation::kGelu, options.output_padding = {1, 2};
    options.window = {.size = {3, 4}, .strides = {2, 3}, .padding = {{{1, 0}, {1, 2}}}};
  });
  add<Conv2DTranspose>(table, "Conv2DTranspose, gaps", {2, 3, 2}, [](auto& options) {
    options.filters = 3, options.activation = Activation::kSoftmax;
    options.window = {.size = {2, 2}, .strides = {3, 4}};
  });
  add<Conv2DTranspose>(table, "Conv2DTranspose, dilation", {3, 3, 17}, [](auto& options) {
    options.filters = 18, options.activation = Activation::kSigmoid;
    options.window = {.size = {3, 2}, .dilation = {2, 3}, .padding = {{{2, 2}, {1, 1}}}};
  }).refused.push_back({{3, 17}});
  add<Conv2DTranspose>(table, "Conv1DTranspose", {5, 3}, [](auto& options) {
    options.filters = 4, options.activation = Activation::kSilu, options.output_padding = {0, 1};
    options.window = {.size = {1, 4}, .strides = {1, 2}, .padding = {{{0, 0}, {1, 1}}}, .is_sequence = true};
  });
}

void add_locally_connected2d(std::vector<LayerRow>& table) {
  add<LocallyConnected2D>(table, "LocallyConnected2D", {4, 5, 3}, [](auto& options) {
    options.filters = 2, options.window.size = {3, 2}, options.activation = Activation::kTanh;
  }).refused.push_back({{2, 5, 3}});
  add<LocallyConnected2D>(table, "LocallyConnected2D, no bias", {3, 3, 2}, [](auto& options) {
    options.filters = 2, options.window.size = {2, 2}, options.use_bias = false;
    options.activation = Activation::kRelu;
  });
  add<LocallyConnected2D>(table, "LocallyConnected2D, same", {4, 3, 5}, [](auto& options) {
    options.filters = 17, options.window.size = {3, 3}, options.window.is_same = true;
    options.activation = Activation::kGelu;
  });
  add<LocallyConnected2D>(table, "LocallyConnected2D, strides and padding", {5, 6, 2}, [](auto& options) {
    options.filters = 5, options.activation = Activation::kSoftmax;
    options.window = {.size = {3, 2}, .strides = {2, 3}, .padding = {{{1, 2}, {0, 1}}}};
  });
  add<LocallyConnected2D>(table, "LocallyConnected2D, more padding than window", {2, 3, 2}, [](auto& options) {
    options.filters = 3, options.window = {.size = {2, 2}, .padding = {{{3, 0}, {0, 4}}}};
  });
  add<LocallyConnected2D>(table, "LocallyConnected1D", {7, 3}, [](auto& options) {
    options.filters = 4, options.activation = Activation::kSigmoid;
    options.window = {.size = {1, 3}, .strides = {1, 2}, .is_sequence = true};
  }).refused.push_back({{2, 3}});
}

void add_zero_pad(std::vector<LayerRow>& table) {
  add<ZeroPad2D>(table, "ZeroPad2D", {3, 4, 2}, [](auto& options) { options.padding = {{{1, 2}, {3, 1}}}; });
  add<ZeroPad2D>(table, "ZeroPad2D, one side", {2, 3, 5}, [](auto& options) { options.padding = {{{0, 1}, {2, 0}}}; });
  add<ZeroPad2D>(table, "ZeroPad2D, none", {3, 2, 4}, [](auto&) {});
  add<ZeroPad2D>(table, "ZeroPad1D", {5, 3},
                 [](auto& options) { options.padding[1] = {2, 1}, options.is_sequence = true; });
}

void add_up_sample(std::vector<LayerRow>& table) {
  add<UpSample2D>(table, "UpSample2D", {3, 2, 4}, [](auto&) {});
  add<UpSample2D>(table, "UpSample2D, rows and columns", {2, 4, 1}, [](auto& options) { options.size = {3, 2}; });
  add<UpSample2D>(table, "UpSample2D, many channels", {2, 2, 17}, [](auto& options) { options.size = {1, 3}; });
  add<UpSample2D>(table, "UpSample1D", {4, 3},
                  [](auto& options) { options.size = {1, 3}, options.is_sequence = true; });
}

// the smallest lead of a window's largest pixel over the next
double smallest_lead(const LayerRun<double>& run, const Pool2D<double>::Options& options) {
  const Shape& u = run.inputs[0].shape();
  const Shape sample(std::span(u.begin() + 1, u.end()));
  Window::Options window = options.window;
  if (options.is_global && window.is_sequence) window.size = window.strides = {1, sample[0]};
  if (options.is_global && !window.is_sequence) window.size = window.strides = {sample[0], sample[1]};
  const Image image = Window(window).image(sample);
  const auto [rows, columns] = Window(window).over(image);
  double smallest = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < u[0] * rows.positions * columns.positions * image.channels; ++i) {
    const Index c = i % image.channels, x = i / image.channels % columns.positions;
    const Index y = i / image.channels / columns.positions % rows.positions;
    const Index n = i / image.channels / columns.positions / rows.positions;
    std::vector<double> seen;
    for (Index row = y * rows.stride - rows.padding[0], last = row + rows.size; row < last; ++row)
      for (Index j = 0, column = x * columns.stride - columns.padding[0]; j < columns.size; ++j, ++column)
        if (row >= 0 && row < rows.length && column >= 0 && column < columns.length)
          seen.push_back(run.inputs[0].data()[((n * image.height + row) * image.width + column) * image.channels + c]);
    std::sort(seen.begin(), seen.end(), std::greater<>());
    if (seen.size() > 1) smallest = std::min(smallest, seen[0] - seen[1]);
  }
  return smallest;
}

// of the inputs to 0
double smallest_magnitude(const LayerRun<double>& run) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const double x : run.inputs[0].values()) smallest = std::min(smallest, std::abs(x));
  return smallest;
}

// Each pool over the same windows.
void add_pools(std::vector<LayerRow>& table, const std::string& name, const Shape& sample, auto&& set,
               const std::vector<std::vector<Shape>>& refused = {}) {
  const std::size_t first = table.size();
  Pool2D<double>::Options options;
  set(options);
  add<MaxPool2D>(table, "MaxPool" + name, sample, set).kink_distance = [options](const LayerRun<double>& run) {
    return smallest_lead(run, options);
  };
  add<AveragePool2D>(table, "AveragePool" + name, sample, set);
  for (const double p : {1.0, 2.0, 3.0}) {
    LayerRow& row =
        add<LpPool2D>(table, text("LpPool", name, ", p = ", p), sample, [&](auto& both) { set(both), both.p = p; });
    if (p != 2) row.kink_distance = smallest_magnitude;
  }
  for (std::size_t i = first; i < table.size(); ++i)
    table[i].refused.insert(table[i].refused.end(), refused.begin(), refused.end());
}

void add_pools(std::vector<LayerRow>& table) {
  const auto square = [](auto& options, Index size, Index stride) {
    options.window.size = {size, size}, options.window.strides = {stride, stride};
  };
  add_pools(table, "2D", {4, 4, 3}, [&](auto& options) { square(options, 2, 2); }, {{{1, 4, 3}}, {{4, 1, 3}}});
  add_pools(table, "2D, overlapping", {3, 5, 3}, [&](auto& options) { square(options, 3, 2); });
  add_pools(table, "2D, many channels", {2, 3, 17}, [&](auto& options) { square(options, 2, 1); });
  add_pools(table, "2D, dropped", {5, 3, 2}, [&](auto& options) { square(options, 2, 2); });
  add_pools(table, "2D, rows overlapping", {3, 4, 2},
            [](auto& options) { options.window.size = {2, 2}, options.window.strides = {1, 2}; });
  add_pools(table, "2D, apart", {5, 5, 2},
            [](auto& options) { options.window.size = {2, 1}, options.window.strides = {3, 2}; });
  add_pools(table, "2D, not square, padding", {4, 3, 2},
            [](auto& options) { options.window = {.size = {2, 3}, .strides = {1, 2}, .padding = {{{1, 0}, {2, 1}}}}; });
  add_pools(table, "2D, side by side, padding", {3, 4, 2},
            [&](auto& options) { square(options, 2, 2), options.window.padding = {{{0, 1}, {1, 1}}}; });
  add_pools(table, "2D, same", {3, 4, 2}, [&](auto& options) { square(options, 3, 1), options.window.is_same = true; });
  add_pools(table, "2D, strict", {5, 3, 2},
            [&](auto& options) { square(options, 3, 2), options.window.is_strict = true; }, {{{4, 3, 2}}});
  add_pools(table, "2D, global", {3, 4, 3}, [](auto& options) { options.is_global = true; });
  add_pools(table, "1D", {7, 3}, [](auto& options) {
    options.window = {.size = {1, 3}, .strides = {1, 2}, .padding = {{{0, 0}, {1, 2}}}, .is_sequence = true};
  });
  add_pools(table, "1D, global", {6, 4}, [](auto& options) { options.is_global = options.window.is_sequence = true; });
}

}  // namespace

void add_images(std::vector<LayerRow>& table) {
  add_conv2d(table);
  add_conv1d(table);
  add_conv2d_transpose(table);
  add_locally_connected2d(table);
  add_zero_pad(table);
  add_up_sample(table);
  add_pools(table);
}

}  // namespace nncpp::testing
