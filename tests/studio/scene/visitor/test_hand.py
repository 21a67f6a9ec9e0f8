"""Who draws while the view moves: only browsers that have shown that they can."""

import itertools

from studio.scene.visitor.hand import ENOUGH, Hand

AFTERWARDS = itertools.count(1000.0, 1000.0)  # moments long after one another


def drag(hand: Hand, pause: float, count: int = 2 * ENOUGH, drawing: bool = False) -> bool:
    """So many messages after a rest."""
    now = next(AFTERWARDS)
    for _ in range(count):
        hand.moved(now, drawing)
        now += pause
    return hand.quick


def test_a_browser_that_keeps_up_with_its_screen_is_quick() -> None:
    assert drag(Hand(), 0.02)


def test_a_slow_one_and_a_short_drag_prove_nothing() -> None:
    assert not drag(Hand(), 0.033)
    assert not drag(Hand(), 0.02, count=ENOUGH // 2)


def test_one_that_draws_planes_slowly_is_never_asked_again() -> None:
    hand = Hand()
    assert drag(hand, 0.02)
    assert not drag(hand, 0.5, count=8, drawing=True)
    assert not drag(hand, 0.02)


def test_a_rest_is_no_slowness() -> None:
    hand = Hand()
    drag(hand, 0.02)
    for _ in range(8):
        assert drag(hand, 0.0, count=1, drawing=True)
