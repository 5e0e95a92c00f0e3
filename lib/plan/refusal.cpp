// SPDX-License-Identifier: Apache-2.0
#include "plan/refusal.hpp"

#include "base/text.hpp"

namespace pgtend::plan {
namespace {

class refusal_task final : public task {
  public:
    explicit refusal_task(error why) : why_{std::move(why)} {}

    description describe() const override
    {
        auto until = "cannot be done: " + why_.message();
        if (!why_.hint().empty()) {
            until += " (" + replace_all(why_.hint(), "\n", " ") + ")";
        }
        return {"refused", {}, std::nullopt, std::move(until)};
    }
    std::optional<work> next(outcome const &) override { throw error{why_}; }
    tally progress() const override { return {}; }

    error const &why() const noexcept { return why_; }

  private:
    error why_;
};

} // namespace

std::unique_ptr<task> refusal(error why)
{
    return std::make_unique<refusal_task>(std::move(why));
}

error const *refused(task const &what)
{
    auto const *found = dynamic_cast<refusal_task const *>(&what);
    return found == nullptr ? nullptr : &found->why();
}

error const *refused(step const &what)
{
    auto const *body = std::get_if<std::unique_ptr<task>>(&what.body);
    return body == nullptr ? nullptr : refused(**body);
}

step refused_step(std::string title, std::string object, error why)
{
    auto reason = why.message();
    auto lane = object;
    return {std::move(title), std::move(reason), std::move(object), refusal(std::move(why)), {},
            std::move(lane)};
}

} // namespace pgtend::plan
