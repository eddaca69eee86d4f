import gc
import sys

import numpy as np
import pytest

import mho


class Corridor(mho.World):
    """Six places in a row; right is action 1; the goal is at the right end."""

    name = "corridor"
    n_place, n_action, max_step, good_steps, good_row = 6, 2, 40, 7, 10

    def reset(self, luck):
        assert len(luck) == 4 and all(0 < u < 1 for u in luck)
        self.at = 0
        return self.at

    def step(self, action, luck):
        self.at += 1 if action == 1 else -1
        bump = self.at < 0
        self.at = max(self.at, 0)
        goal = self.at == self.n_place - 1
        return mho.Step(self.at, reward=float(goal), done=goal, success=goal, bump=bump)


def test_a_world_in_python_is_learned_and_repeats():
    r = mho.learn(Corridor(), n_seed=20, n_episode=120, seed=3)
    assert r.world == "corridor" and r.n_solved >= 18
    assert r.steps.shape == (20, 120) and r.steps.min() >= 5
    assert (r.policy[1:5, 1] > 0.5).all()
    assert r.steps[:, -20:].mean() < 6 < r.steps[:, :5].mean()
    again = mho.learn(Corridor(), n_seed=20, n_episode=120, seed=3)
    np.testing.assert_array_equal(r.steps, again.steps)
    np.testing.assert_array_equal(r.x_plus, again.x_plus)


def test_a_bandit_in_python_is_that_in_c():
    """The same world by the same random numbers gives the same bits."""

    class Bandit(mho.World):
        name = "bandit"
        n_place, n_action, max_step, good_steps, good_row = 1, 2, 1, 1, 20

        def reset(self, luck):
            return 0

        def step(self, action, luck):
            paid = luck[0] < (0.2, 0.8)[action]
            return mho.Step(0, 1.0 if paid else -1.0, done=True, success=action == 1)

    kind = dict(agent="reward-pulse", n_seed=15, n_episode=80)
    mine, theirs = mho.learn(Bandit(), **kind), mho.learn("bandit", **kind)
    np.testing.assert_array_equal(mine.good, theirs.good)
    np.testing.assert_array_equal(mine.x_plus, theirs.x_plus)


def test_nothing_is_learned_without_light_or_pulses():
    for control in ("eta0", "light-only", "pulse-only"):
        r = mho.learn(Corridor(), n_seed=10, n_episode=60, control=control)
        assert r.steps[:, -20:].mean() > 0.6 * r.steps[:, :20].mean()


def test_many_active_places():
    class Pair(Corridor):
        def reset(self, luck):
            return [(super().reset(luck), 0.9), (5, 0.2)]

    assert mho.learn(Pair(), n_seed=3, n_episode=10).steps.shape == (3, 10)


@pytest.mark.parametrize(
    "place, error",
    [(6, "0 to 5"), (-1, "0 to 5"), ([], "active places"), ([(0, 2.0)], "activity"), ("x", "unpack")],
)
def test_a_wrong_place_is_refused(place, error):
    class Wrong(Corridor):
        def step(self, action, luck):
            return mho.Step(place)

    with pytest.raises((ValueError, TypeError), match=error):
        mho.learn(Wrong(), n_seed=2)


def test_an_exception_in_a_world_comes_out():
    class Broken(Corridor):
        def step(self, action, luck):
            raise LookupError("no such street")

    with pytest.raises(LookupError, match="street"):
        mho.learn(Broken(), n_seed=1000)

    class Beginning(Corridor):
        def reset(self, luck):
            raise LookupError("no start")

    with pytest.raises(LookupError, match="no start"):
        mho.learn(Beginning())


def test_options_are_checked():
    with pytest.raises(mho.ArgumentError, match="gamma = 3: allowed are 0 to 1"):
        mho.learn(gamma=3)
    with pytest.raises(TypeError, match="foo is not an option"):
        mho.learn(foo=3)
    with pytest.raises(ValueError, match="r-stdp"):
        mho.learn(agent="genius")
    with pytest.raises(ValueError, match="light-only"):
        mho.learn(control="nothing")
    with pytest.raises(mho.ArgumentError, match="allowed are bandit"):
        mho.learn("mars")
    with pytest.raises(mho.ArgumentError, match="n_action"):
        world = Corridor()
        world.n_action = 99
        mho.learn(world)
    r = mho.learn("maze", n_seed=4, n_episode=20, opto={"tau_s": 2.0}, pulses=6)
    assert (r.opto["tau_s"], r.options["pulses"]) == (2.0, 6.0)


def test_reference_counts_of_a_world_are_flat():
    world = Corridor()
    mho.learn(world, n_seed=2, n_episode=10)
    gc.collect()
    before, none = sys.getrefcount(world), sys.getallocatedblocks()
    for _ in range(50):
        mho.learn(world, n_seed=2, n_episode=10)
    gc.collect()
    assert sys.getrefcount(world) == before
    assert sys.getallocatedblocks() - none < 500
