"""A figure of 500 events beside the animation that matplotlib would put into a page for the same run."""

import gzip

import matplotlib.pyplot as plt
import pytest
from matplotlib.animation import FuncAnimation

from distsys.views import play
from log_runs import log_run
from player_pages import without_script

pytestmark = pytest.mark.long


def animation(trace):
    """Return the HTML of `to_jshtml`: lanes, a dot for each event, a line for each message, one frame an event."""
    lanes = {name: lane for lane, name in enumerate(trace.header.names)}
    picture, axes = plt.subplots(figsize=(6, 4))
    axes.set(
        xlim=(0, len(trace)),
        ylim=(-0.5, len(lanes) - 0.5),
        yticks=list(lanes.values()),
        yticklabels=list(lanes),
    )
    for lane in lanes.values():
        axes.axhline(lane, color="0.7")

    def draw(frame):
        step = trace[frame]
        if step.node:
            axes.plot(step.number, lanes[step.node], "o", color="black", markersize=3)
        if step.cause and step.kind == "deliver":
            sent = trace.step(step.cause[0])
            axes.plot(
                [sent.number, step.number], [lanes[sent.node], lanes[step.node]], color="black", linewidth=0.6
            )
        axes.set_title(f"step {step.number}")

    with plt.rc_context({"animation.embed_limit": 500}):
        html = FuncAnimation(picture, draw, frames=len(trace), init_func=lambda: None, blit=False).to_jshtml()
    plt.close(picture)
    return html


def test_a_figure_weighs_a_hundredth_of_an_animation_by_matplotlib(record_property):
    trace = log_run(500)
    ours, theirs = without_script(play(trace, name="fig-log", alt="A log.")), animation(trace)
    sizes = [(len(text), len(gzip.compress(text.encode(), 6))) for text in (ours, theirs)]
    record_property("bytes of the figure (raw, gzipped)", sizes[0])
    record_property("bytes of to_jshtml (raw, gzipped)", sizes[1])
    assert sizes[0][0] * 100 <= sizes[1][0]
    assert sizes[0][1] * 100 <= sizes[1][1]
