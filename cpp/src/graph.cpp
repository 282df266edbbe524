#include "nncpp/graph.hpp"

#include <algorithm>
#include <cmath>

#include "nncpp/error.hpp"

namespace nncpp {
namespace {

// puts the pieces at the end of a flat vector, each on a cache line of its own
template <typename T>
void append(const std::string& name, std::vector<SegmentSpec> specs, std::vector<Segment>& segments, Index& size) {
  for (auto& spec : specs) {
    segments.push_back({name + "/" + spec.name, spec.shape, size, spec.kind, spec});
    size += padded<T>(numel(spec.shape));
  }
}

void require_sample(const Shape& shape) {
  for (const Index axis : shape)
    if (axis < 1) throw ShapeError(text("expected axes of length 1 or more, got ", shape));
  numel(shape.batch(1));
}

bool same_shapes(const std::vector<SegmentSpec>& a, const std::vector<SegmentSpec>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.shape == y.shape; });
}

}  // namespace

template <typename T>
int Graph<T>::input(const Shape& sample_shape, std::string name, double scale, InputKind kind) {
  named(name, [&] { require_sample(sample_shape); });
  if (kind == InputKind::kSparse && sample_shape.rank() != 1)
    throw ShapeError(text(name, ": expected rows of one axis (D) for sparse input, got ", sample_shape));
  if (kind != InputKind::kNumbers && scale != 1)
    throw DataError(text(name, ": expected a scale with numbers only, got ", scale, "; leave it out"));
  if (!(scale > 0 && std::isnormal(static_cast<Real<T>>(scale))))
    throw DataError(text(name, ": expected a finite scale > 0 in float", 8 * sizeof(Real<T>), ", got ", scale));
  Node<T> node;
  node.name = std::move(name);
  node.shape = sample_shape;
  node.scale = scale;
  node.kind = kind;
  node.has_steps = kind == InputKind::kTokens ? sample_shape.rank() >= 1 : sample_shape.rank() >= 2;
  if (kind == InputKind::kSparse) node.bound = sample_shape[0];
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

template <typename T>
int Graph<T>::add(std::shared_ptr<const Layer<T>> layer, std::vector<int> inputs, std::string name) {
  if (layer == nullptr) throw Error(text(name, ": expected a layer, got none"));
  Node<T> node;
  node.name = std::move(name);
  node.layer = std::move(layer);
  node.inputs = std::move(inputs);
  for (const int id : node.inputs) {
    if (id < 0 || id >= static_cast<int>(nodes_.size()))
      throw ShapeError(text(node.name, ": expected inputs among nodes 0 ... ", nodes_.size(), " - 1, got ", id));
    node.input_shapes.push_back(nodes_[static_cast<std::size_t>(id)].shape);
  }
  const auto has_rows = [&](int id) { return nodes_[static_cast<std::size_t>(id)].has_rows; };
  node.has_rows = std::any_of(node.inputs.begin(), node.inputs.end(), has_rows);
  try {
    if (node.has_rows && !node.layer->is_operator())
      for (const int id : node.inputs)
        if (!has_rows(id))
          throw ShapeError(text("expected inputs with rows (N, ...), got the array ",
                                nodes_[static_cast<std::size_t>(id)].name, "; only operators take both"));
    connect_picks(node);
    node.shape = node.layer->output_shape(node.input_shapes);
    require_sample(node.shape);
    connect_steps(node);
    const auto twin = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& n) { return n.layer == node.layer; });
    if (twin != nodes_.end()) {
      const auto& shared = *node.layer;
      if (!same_shapes(shared.parameters(node.input_shapes), shared.parameters(twin->input_shapes)) ||
          !same_shapes(shared.state(node.input_shapes), shared.state(twin->input_shapes)))
        throw ShapeError(text("shares the weights of ", twin->name, " and so expected input ",
                              to_string(twin->input_shapes[0], true), ", got ", to_string(node.input_shapes[0], true)));
      node.first_segment = twin->first_segment;
      node.num_segments = twin->num_segments;
      node.first_state = twin->first_state;
      node.num_states = twin->num_states;
    } else {
      node.first_segment = static_cast<int>(segments_.size());
      node.first_state = static_cast<int>(states_.size());
      append<T>(node.name, node.layer->parameters(node.input_shapes), segments_, theta_size_);
      append<T>(node.name, node.layer->state(node.input_shapes), states_, state_size_);
      node.num_segments = static_cast<int>(segments_.size()) - node.first_segment;
      node.num_states = static_cast<int>(states_.size()) - node.first_state;
    }
    const bool has_picks = std::any_of(node.inputs.begin(), node.inputs.end(), [&](int id) {
      return nodes_[static_cast<std::size_t>(id)].kind != InputKind::kNumbers;
    });
    for (Index s = 0; s < std::min<Index>(node.layer->num_row_sparse(), node.num_segments); ++s) {
      bool& is_row_sparse = segments_[static_cast<std::size_t>(node.first_segment + s)].is_row_sparse;
      is_row_sparse = has_picks && (twin == nodes_.end() || is_row_sparse);
    }
    if (const Index streams = node.layer->num_streams(); streams > 0) {
      if (num_streams_ > 0 && num_streams_ != streams)
        throw ShapeError(text("expected ", num_streams_, " streams as in the layers before, got ", streams));
      num_streams_ = streams;
    }
  } catch (const ShapeError& error) {
    throw ShapeError(node.name + ": " + error.what());
  } catch (CallbackError& error) {
    error.where = text(node.name, ": ", error.where);
    throw;
  }
  node.stream = kLayerStreams + static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

// Tokens and sparse rows lead to layers that pick by them, and to no others.
template <typename T>
void Graph<T>::connect_picks(Node<T>& node) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    Node<T>& input = nodes_[static_cast<std::size_t>(node.inputs[i])];
    const Index tokens = node.layer->num_tokens(i);
    if (tokens > 0 && input.kind != InputKind::kTokens)
      throw ShapeError(text("expected tokens, straight from an input of whole numbers, got the numbers of ", input.name,
                            "; declare it by dtype=\"int64\""));
    if (tokens == 0 && input.kind == InputKind::kTokens)
      throw ShapeError(text("expected numbers, got the tokens of ", input.name, "; put an Embedding between"));
    if (input.kind == InputKind::kSparse && !node.layer->takes_sparse())
      throw ShapeError(text("expected numbers, got the sparse rows of ", input.name, "; put a Dense between"));
    if (tokens > 0) input.bound = input.bound == 0 ? tokens : std::min(input.bound, tokens);
  }
}

// Where the time axis goes on, and where it ends.
template <typename T>
void Graph<T>::connect_steps(Node<T>& node) {
  const auto has_steps = [&](int id) { return nodes_[static_cast<std::size_t>(id)].has_steps; };
  const auto keeps_steps = [&](int id) {
    return has_steps(id) && node.shape.rank() > 0 && nodes_[static_cast<std::size_t>(id)].shape[0] == node.shape[0];
  };
  if (std::none_of(node.inputs.begin(), node.inputs.end(), has_steps)) return;
  const Steps steps = node.layer->steps();
  const bool is_fit = steps == Steps::kReads ||
                      (steps == Steps::kEach && std::all_of(node.inputs.begin(), node.inputs.end(), keeps_steps));
  if (is_fit)
    node.has_steps = steps == Steps::kEach || node.layer->keeps_steps();
  else if (mixes_steps_.empty())
    mixes_steps_ = node.name;
}

template <typename T>
Index Graph<T>::require_lengths() const {
  if (!mixes_steps_.empty())
    throw DataError(text("lengths: ", mixes_steps_,
                         " takes the steps of a sequence for one sample's numbers, so padding would count; use a layer "
                         "that reads sequences, or leave lengths out"));
  const Node<T>* first = nullptr;
  for (const Node<T>& node : nodes_) {
    if (node.layer != nullptr || !node.has_steps) continue;
    if (first == nullptr) first = &node;
    if (node.shape[0] != first->shape[0])
      throw ShapeError(text("lengths: expected inputs of as many steps each, got ", first->name, " ",
                            to_string(first->shape, true), " and ", node.name, " ", to_string(node.shape, true)));
  }
  if (first == nullptr) throw DataError("lengths: expected an input with steps, (N, T, ...), got none; leave it out");
  return first->shape[0];
}

template <typename T>
void Graph<T>::initialize(std::uint64_t seed, T* theta, T* state) const {
  for (std::size_t s = 0; s < segments_.size(); ++s)
    nncpp::initialize(segments_[s].spec, {seed, kWeightStreams + static_cast<std::uint32_t>(s), 0},
                      theta + segments_[s].offset);
  for (const Segment& segment : states_) nncpp::initialize(segment.spec, {}, state + segment.offset);
}

template class Graph<float>;
template class Graph<double>;
template class Graph<Dual>;

}  // namespace nncpp
