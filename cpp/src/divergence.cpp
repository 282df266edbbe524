#include "nncpp/divergence.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {
namespace {

using Stage = Divergence::Stage;

constexpr std::size_t kMostRows = 5;

template <typename T>
bool is_finite(const Tensor<const T>& tensor) {
  return std::all_of(tensor.begin(), tensor.end(), [](T x) { return std::isfinite(x); });
}

// the layer that a piece of theta or of the state belongs to
template <typename T>
const std::string& owner(const Graph<T>& graph, int segment, bool is_state = false) {
  return std::find_if(graph.nodes().begin(), graph.nodes().end(),
                      [&](const Node<T>& node) {
                        const int first = is_state ? node.first_state : node.first_segment;
                        return first <= segment && segment < first + (is_state ? node.num_states : node.num_segments);
                      })
      ->name;
}

template <typename T>
class Search {
 public:
  using O = Objective<T>;
  Search(O& objective, typename O::Batch& batch, const Examples& examples, std::span<const Index> rows,
         const typename O::Draw& draw, const TooLarge& too_large, const Poll& poll)
      : objective_(objective),
        batch_(batch),
        examples_(examples),
        rows_(rows),
        draw_(draw),
        too_large_(too_large),
        poll_(poll),
        plan_(objective.plan(batch)),
        graph_(objective.network().graph()) {}

  std::optional<Divergence> run() {
    look_at_parameters();
    if (!found_) forward();
    if (!found_) look_at_loss();
    if (!found_) backward();
    return std::move(found_);
  }

 private:
  // reports a tensor, unless it is finite; one with rows names those where it is not
  bool report(Stage stage, const std::string& layer, const std::string& tensor, const Tensor<const T>& values,
              bool has_rows) {
    if (found_ || values.data == nullptr || is_finite(values)) return false;
    found_.emplace(Divergence{.stage = stage, .layer = layer, .tensor = tensor});
    found_->value =
        static_cast<double>(*std::find_if(values.begin(), values.end(), [](T x) { return !std::isfinite(x); }));
    if (!has_rows) return true;
    // packed sequences have a row for each step
    const bool is_packed = !samples_.empty() && values.shape.rank() > 1 && values.shape[0] == 1 &&
                           values.shape[1] == static_cast<Index>(samples_.size());
    const Index n = is_packed ? values.shape[1] : values.shape[0], size = values.size() / n;
    const auto is_row_finite = [&](Index r) { return is_finite(Tensor<const T>{values.data + r * size, {size}}); };
    Index num_bad = 0;
    for (Index r = 0; r < n; ++r) num_bad += !is_row_finite(r);
    for (Index r = 0; r < n; ++r)
      if ((num_bad < n || n == 1) && !is_row_finite(r)) add_row(is_packed ? sample_of(r) : r);
    return true;
  }

  Index sample_of(Index row) const { return samples_[static_cast<std::size_t>(row)]; }

  void add_row(Index r) {
    const Index row = rows_[static_cast<std::size_t>(r)];
    if (std::find(found_->rows.begin(), found_->rows.end(), row) != found_->rows.end()) return;
    found_->has_more_rows = found_->rows.size() == kMostRows;
    if (!found_->has_more_rows) found_->rows.push_back(row);
  }

  void look_at_parameters() {
    const T* const theta = objective_.network().theta().data;
    const T* const state = objective_.network().state().data;
    for (std::size_t s = 0; s < graph_.segments().size(); ++s)
      report(Stage::kForward, owner(graph_, static_cast<int>(s)), graph_.segments()[s].spec.name,
             view(graph_.segments()[s], theta), false);
    for (std::size_t s = 0; s < graph_.states().size(); ++s)
      report(Stage::kForward, owner(graph_, static_cast<int>(s), true), graph_.states()[s].spec.name,
             view(graph_.states()[s], state), false);
  }

  void forward() {
    objective_.load(batch_, examples_, rows_);
    samples_.clear();
    for (std::size_t i = 0; examples_.lengths.data != nullptr && i < examples_.inputs.size(); ++i)
      if (const Sequences* sequences = plan_.input_sequences(static_cast<int>(i)); sequences && samples_.empty())
        sequences->for_each([&](Index, Index sample, Index) { samples_.push_back(sample); });
    objective_.forward(batch_, draw_, poll_);
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i)
      report(Stage::kForward, node(i).name, "output", plan_.value(static_cast<int>(i)), node(i).has_rows);
  }

  // the loss whose mean is not finite, or else the largest of those that are too large together
  void look_at_loss() {
    const std::vector<LossSums>& sums = objective_.sums(batch_);
    if (std::isfinite(objective_.mean_loss(sums))) return;
    const auto size = [&](std::size_t k) {
      const double loss = std::abs(objective_.options().loss_weights[k] * sums[k].loss);
      return std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity();
    };
    std::size_t worst = 0;
    for (std::size_t k = 1; k < sums.size(); ++k)
      if (size(k) > size(worst)) worst = k;
    int output = 0;
    for (std::size_t k = 0; k < worst; ++k) output += objective_.options().losses[k]->num_outputs();
    const auto id = static_cast<std::size_t>(objective_.network().outputs()[static_cast<std::size_t>(output)]);
    found_.emplace(Divergence{.stage = Stage::kLoss, .layer = node(id).name, .value = sums[worst].loss});
    if (!node(id).has_rows) return;
    const std::vector<double> losses = objective_.row_losses(batch_, worst);
    const bool is_packed = !samples_.empty() && node(id).has_steps;
    const auto add = [&](std::ptrdiff_t r) { add_row(is_packed ? sample_of(r) : r); };
    for (std::size_t r = 0; r < losses.size(); ++r)
      if (!std::isfinite(losses[r])) add(static_cast<std::ptrdiff_t>(r));
    if (found_->rows.empty()) add(std::max_element(losses.begin(), losses.end()) - losses.begin());
  }

  // What a node adds to may hold what others wrote before it; so the plan is asked to wait while each is looked at.
  void backward() {
    for (std::size_t k = 0; k < objective_.network().outputs().size(); ++k) {
      const auto id = static_cast<std::size_t>(objective_.network().outputs()[k]);
      const Tensor<const T> gradient = plan_.gradient(static_cast<int>(id));
      if (gradient.data != nullptr)
        report(Stage::kBackward, node(id).name, "gradient of the output", gradient, node(id).has_rows);
    }
    std::vector<std::size_t> order;  // of the nodes that run
    for (std::size_t i = graph_.nodes().size(); i-- > 0;)
      if (node(i).layer != nullptr && plan_.gradient(static_cast<int>(i)).data != nullptr) order.push_back(i);
    std::size_t done = 0;
    const Poll between = [&] {
      if (done > 0) look_at_gradients(node(order[done - 1]));
      ++done;
      return poll_ && poll_();
    };
    const double penalty = objective_.backward(batch_, draw_, between);
    if (!order.empty()) look_at_gradients(node(order.back()));
    if (!found_) look_at_penalties(penalty);
    if (!found_ && too_large_) look_at_update();
    if (found_ && is_fine_) trace_rows();
  }

  void look_at_gradients(const Node<T>& node) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const Tensor<const T> gradient = plan_.gradient(node.inputs[i]);
      if (gradient.data == nullptr) continue;
      const bool has_rows = this->node(static_cast<std::size_t>(node.inputs[i])).has_rows;
      const std::string which = node.inputs.size() == 1 ? "the input" : text("input ", i);
      if (report(Stage::kBackward, node.name, text("gradient of ", which), gradient, has_rows) && !has_rows)
        is_fine_ = [gradient] { return is_finite(gradient); };
    }
    for (int s = node.first_segment; s < node.first_segment + node.num_segments; ++s) {
      const Segment& segment = graph_.segments()[static_cast<std::size_t>(s)];
      const Tensor<const T> gradient = view(segment, objective_.dtheta().data);
      if (report(Stage::kBackward, node.name, text("gradient of ", segment.spec.name), gradient, false))
        is_fine_ = [gradient] { return is_finite(gradient); };
    }
  }

  void look_at_penalties(double total) {
    const T* const theta = objective_.network().theta().data;
    for (const Penalty& penalty : objective_.options().penalties) {
      const auto segment = std::find_if(graph_.segments().begin(), graph_.segments().end(),
                                        [&](const Segment& s) { return s.offset == penalty.offset; });
      const std::string& layer = owner(graph_, static_cast<int>(segment - graph_.segments().begin()));
      const std::string tensor = text("penalty on ", segment->spec.name);
      const double value = add_penalties<T>({&penalty, 1}, theta, nullptr);
      if (!found_ && !std::isfinite(value)) found_.emplace(Divergence{Stage::kLoss, layer, tensor, value});
      report(Stage::kLoss, layer, tensor, view(*segment, objective_.dtheta().data), false);
    }
    if (!found_ && !std::isfinite(total)) found_.emplace(Divergence{Stage::kLoss, "", "penalty", total});
  }

  void look_at_update() {
    const std::string_view what = too_large_();
    if (what.empty()) return;
    const auto largest = [&](const Segment& segment) {
      const Tensor<T> g = view(segment, objective_.dtheta().data);
      return std::abs(*std::max_element(g.begin(), g.end(), [](T a, T b) { return std::abs(a) < std::abs(b); }));
    };
    const auto& segments = graph_.segments();
    const auto worst = std::max_element(segments.begin(), segments.end(),
                                        [&](const Segment& a, const Segment& b) { return largest(a) < largest(b); });
    found_.emplace(Divergence{.stage = Stage::kUpdate,
                              .layer = owner(graph_, static_cast<int>(worst - segments.begin())),
                              .tensor = std::string(what)});
    is_fine_ = [this] { return too_large_().empty(); };
  }

  // Which rows' parts of what was found are enough for it: by halves, as long as it takes for a few.
  void trace_rows() {
    for (const int id : objective_.network().outputs())
      if (!node(static_cast<std::size_t>(id)).has_rows) return;
    const auto n = static_cast<Index>(rows_.size());
    trace_rows(0, n);
    const bool is_of_all = found_->has_more_rows || static_cast<Index>(found_->rows.size()) == n;
    if (is_of_all && n > 1) found_->rows.clear();
    found_->has_more_rows = false;
  }

  void trace_rows(Index first, Index last) {
    if (found_->has_more_rows) return;
    if (last - first == 1) return add_row(first);
    const Index middle = first + (last - first) / 2;
    const bool is_in_front = !is_fine_with(first, middle), is_behind = !is_fine_with(middle, last);
    if (is_in_front) trace_rows(first, middle);
    if (is_behind) trace_rows(middle, last);
  }

  // Is what was found as it should be, if the loss of only these rows counts?
  bool is_fine_with(Index first, Index last) {
    objective_.load(batch_, examples_, rows_);
    objective_.forward(batch_, draw_, poll_);
    for (std::size_t k = 0; k < objective_.network().outputs().size(); ++k) {
      const Tensor<T> gradient = plan_.output_gradient(static_cast<int>(k));
      if (gradient.data == nullptr) continue;
      const Sequences* const sequences = plan_.output_sequences(static_cast<int>(k));
      const bool is_packed = sequences != nullptr && sequences->is_packed();
      const Index count = is_packed ? sequences->rows() : plan_.rows(), size = gradient.size() / count;
      for (Index r = 0; r < count; ++r)
        if (const Index sample = is_packed ? sample_of(r) : r; sample < first || sample >= last)
          std::fill_n(gradient.data + r * size, size, T(0));
    }
    objective_.backward(batch_, draw_, poll_);
    return is_fine_();
  }

  const Node<T>& node(std::size_t id) const { return graph_.nodes()[id]; }

  O& objective_;
  typename O::Batch& batch_;
  const Examples& examples_;
  std::span<const Index> rows_;
  std::vector<Index> samples_;  // by row of packed sequences; empty where there are no lengths
  const typename O::Draw& draw_;
  const TooLarge& too_large_;
  const Poll& poll_;
  Plan<T>& plan_;
  const Graph<T>& graph_;
  std::optional<Divergence> found_;
  std::function<bool()> is_fine_;  // asks again, if what was found is a sum over rows
};

}  // namespace

template <typename T>
std::optional<Divergence> find_divergence(Objective<T>& objective, typename Objective<T>::Batch& batch,
                                          const Examples& examples, std::span<const Index> rows,
                                          const typename Objective<T>::Draw& draw, const TooLarge& too_large,
                                          const Poll& poll) {
  return Search<T>(objective, batch, examples, rows, draw, too_large, poll).run();
}

template <typename T>
std::optional<Divergence> find_divergence(Objective<T>& objective, const Examples& examples,
                                          const typename Objective<T>::Draw& draw, const Poll& poll) {
  const typename Objective<T>::Occupied occupied(objective);
  objective.require_shapes(examples);
  const FloatMode float_mode;
  std::vector<Index> rows(static_cast<std::size_t>(examples.rows()));
  std::iota(rows.begin(), rows.end(), Index{0});
  return find_divergence(objective, objective.batch(examples.rows(), Objective<T>::Keep::kValues), examples,
                         std::span<const Index>(rows), draw, {}, poll);
}

#define NNCPP_INSTANTIATE(T)                                                                                           \
  template std::optional<Divergence> find_divergence<T>(Objective<T>&, typename Objective<T>::Batch&, const Examples&, \
                                                        std::span<const Index>, const typename Objective<T>::Draw&,    \
                                                        const TooLarge&, const Poll&);                                 \
  template std::optional<Divergence> find_divergence<T>(Objective<T>&, const Examples&,                                \
                                                        const typename Objective<T>::Draw&, const Poll&);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
