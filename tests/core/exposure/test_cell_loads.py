"""How full cells are: asked for once a second while radio information is there, and what of the answers is a queue."""

from __future__ import annotations

from fedge.core.exposure import Answer, Found, MeasureCells, MeasuredCell, Missing
from fedge.core.messages import CellFigures, CellsMeasured
from fedge.core.model import CellId
from tests.core.exposure.talk import Talk
from tests.core.exposure.worlds import CELLS

NR, LTE = CELLS[0].cell, CELLS[2].cell


def asked(talk: Talk) -> MeasureCells:
    (call,) = talk.take(MeasureCells)
    return call


def test_it_is_asked_for_once_a_second_and_one_question_at_a_time() -> None:
    talk = Talk().begun()
    talk.later(50)
    call = asked(talk)
    talk.later(3000)
    assert talk.take(MeasureCells) == []
    talk.hear(Answer(call.number, 200))
    talk.later(900)
    assert talk.take(MeasureCells) == []
    talk.later(150)
    assert asked(talk).number > call.number


def test_nothing_is_asked_while_the_api_is_not_there() -> None:
    talk = Talk()
    talk.hear(Missing("radio", "CAPIF has no API rni"))
    talk.later(3000)
    assert talk.take(MeasureCells) == []
    talk.hear(Found("radio"))
    talk.later(50)
    talk.lists()
    talk.later(50)
    asked(talk)


def test_what_is_beyond_the_usual_of_the_access_is_a_queue() -> None:
    """10 ms are usual on NR, 22 ms on LTE."""
    talk = Talk().begun()
    talk.later(50)
    cells = (
        MeasuredCell(NR, 0.4, 1.0, 290.0),
        MeasuredCell(LTE, 0.0, 0.1, 21.0),
        MeasuredCell(CELLS[1].cell, 0.0, 0.0),
        MeasuredCell(CellId("elsewhere"), 0.0, 0.0, 9.0),
    )
    talk.hear(Answer(asked(talk).number, 200, cells=cells))
    assert talk.told(CellsMeasured) == [
        CellsMeasured(
            talk.now,
            (
                CellFigures(NR, 0.4, 1.0, 280.0),
                CellFigures(LTE, 0.0, 0.1, 0.0),
                CellFigures(CELLS[1].cell, 0.0, 0.0, None),
            ),
        )
    ]


def test_an_operator_without_such_measurements_is_asked_again_a_minute_later() -> None:
    talk = Talk().begun()
    talk.later(50)
    talk.refuse(asked(talk), 404)
    talk.later(59_000)
    assert talk.take(MeasureCells) == []
    assert not talk.gateway.desks["radio"].circuit.open
    talk.later(1100)
    asked(talk)


def test_a_lost_answer_is_asked_for_again_and_one_that_comes_too_late_means_nothing() -> None:
    talk = Talk().begun()
    talk.later(50)
    late = asked(talk)
    talk.later(10_100)
    again = asked(talk)
    talk.hear(Answer(late.number, 200, cells=(MeasuredCell(NR, 0.0, 1.0, 290.0),)))
    assert talk.told(CellsMeasured) == []
    talk.hear(Answer(again.number, 0))
    talk.later(1100)
    asked(talk)
