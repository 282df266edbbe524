#include "image_table.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/augmentation.hpp"

namespace nncpp::testing {
namespace {

template <template <typename> class L, typename... Options>
void add(std::vector<LayerRow>& table, const std::string& name, const Shape& sample, bool is_random,
         const std::vector<std::vector<Shape>>& refused, Options... options) {
  LayerRow row{text(name, ", ", sample),
               std::make_shared<L<float>>(options...),
               std::make_shared<L<double>>(options...),
               {sample},
               {{}, {sample, sample}, {{7}}, {{9, 8}}, {{1, 9, 8, 3}}}};
  row.refused.insert(row.refused.end(), refused.begin(), refused.end());
  row.is_random = is_random;
  table.push_back(std::move(row));
}

}  // namespace

void add_augmentation(std::vector<LayerRow>& table) {
  for (const Shape& sample : {Shape{4, 5, 3}, Shape{3, 6, 1}}) {
    add<RandomFlip>(table, "RandomFlip", sample, true, {}, true, false);
    add<RandomFlip>(table, "RandomFlip, top and bottom", sample, true, {}, false, true);
    add<RandomFlip>(table, "RandomFlip, both", sample, true, {}, true, true);
    add<RandomShift>(table, "RandomShift", sample, true, {}, Index{2}, Index{1});
    add<Crop>(table, "RandomCrop", sample, true, {{{1, 9, 3}}, {{9, 1, 3}}}, Index{2}, Index{3}, true);
    add<Crop>(table, "CenterCrop", sample, false, {{{1, 9, 3}}, {{9, 1, 3}}}, Index{3}, Index{2}, false);
  }
  add<RandomShift>(table, "RandomShift by nothing", {3, 2, 2}, false, {}, Index{0}, Index{0});
}

}  // namespace nncpp::testing
