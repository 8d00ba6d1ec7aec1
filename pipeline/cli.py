"""The command `qinhe`. Thin: it parses, calls, prints; what it calls lives elsewhere.

Exit codes: 0 done, 1 a fault in Qinhe, 2 used wrongly, 3 an input that cannot be used, 4 some of
many failed, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

import pipeline.threads  # noqa: F401 - before whatever imports NumPy
from pipeline import __version__
from pipeline.commands import (
    agree,
    marks,
    night,
    options,
    pages,
    redact,
    rubrics,
    store,
    tune,
    voices,
)
from pipeline.commands.rubrics import rubric_of
from pipeline.errors import QinheError, UsageError, printable
from pipeline.facts import CallFacts, spoken_language
from pipeline.facts import decode as decode_facts
from pipeline.facts import encode as encode_facts
from pipeline.files import read_input, safe_stem, write_whole
from pipeline.settings import Engine, default_rubric, load_measure_settings
from pipeline.tracks import encode as encode_tracks

if TYPE_CHECKING:
    from pipeline.measure.call import Measured
    from pipeline.measure.roles import Roles
    from pipeline.profiles import VoiceProfile
    from pipeline.scorecard import Scorecard

SCHEMAS = ("facts", "scorecard", "transcript", "marks", "agreement", "tuning", "points")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; errors become one sentence on stderr."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        left = cli.main(args=list(arguments), prog_name="qinhe", standalone_mode=False)
    except click.Abort:
        return 130
    except click.ClickException as wrong:
        wrong.show()
        return 2
    except QinheError as error:
        if "--debug" in arguments:
            raise
        click.echo(f"qinhe: {error}", err=True)
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("qinhe: interrupted; nothing was left half written.", err=True)
        return 130
    return left if isinstance(left, int) else 0  # click's way to say which code a command chose


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="qinhe")
def cli() -> None:
    """Qinhe 亲和: marks call-centre recordings against a service standard.

    `score` is `measure` (audio -> facts) and `judge` (facts -> scorecard) in one.
    """


_FILE = options.FILE
_debug = options.debug
_ui = options.ui
_rubric = options.rubric
_show_numbers = click.option(
    "--show-numbers",
    "--reveal",
    "show_numbers",
    is_flag=True,
    help="Do not mask telephone, identity and card numbers.",
)
_measuring = options.together(
    click.argument("audio", nargs=-1, type=_FILE),
    click.option(
        "--agent", "agent_file", type=_FILE, help="The agent's own file, with --customer."
    ),
    click.option("--customer", "customer_file", type=_FILE, help="The customer's own file."),
    click.option(
        "--channels",
        metavar="MAP",
        help="Who is where, such as agent=right,customer=left. Default: the agent left.",
    ),
    options.agent_is,
    click.option(
        "--agent-name",
        metavar="NAME",
        help="Who the agent is: what `qinhe voices` knows of this voice is used (with --db).",
    ),
    options.optional_store,
    click.option(
        "--transcript",
        type=_FILE,
        help="Take the words from this file instead of Whisper: our JSON, WebVTT, SRT, STM, "
        "Contact Lens or Transcribe JSON.",
    ),
    click.option(
        "--speakers",
        metavar="MAP",
        help="Who the transcript's speakers are, such as Diane=agent,Sheila=customer.",
    ),
    click.option("--no-transcript", is_flag=True, help="Measure the voices only."),
    click.option(
        "--model",
        metavar="NAME|PATH",
        help="Whisper model: a name such as small, or a checkpoint. Default: the settings'.",
    ),
    click.option("--device", metavar="NAME", help="Where Whisper runs: auto, cpu, cuda …"),
    options.engine,
    options.diarizer,
    click.option(
        "--language", metavar="CODE", help="Language spoken. Default: the settings' (zh)."
    ),
    click.option(
        "--settings",
        "settings_file",
        type=_FILE,
        help="Measuring settings instead of configs/measure.yaml.",
    ),
    click.option("--call-id", metavar="NAME", help="The call's name. Default: the file's."),
    click.option(
        "--cache",
        "cache_folder",
        type=_FILE,
        envvar="QINHE_CACHE",
        help="Where results of slow stages are kept. Default: the user's cache folder.",
    ),
    click.option("--no-cache", is_flag=True, help="Measure everything anew and keep nothing."),
    _debug,
)


@dataclass(frozen=True, slots=True)
class _Measuring:
    """The options that `measure` and `score` share, as given."""

    audio: tuple[Path, ...]
    agent_file: Path | None
    customer_file: Path | None
    channels: str | None
    agent_is: int | None
    agent_name: str | None
    db: str | None
    files: Path | None
    transcript: Path | None
    speakers: str | None
    no_transcript: bool
    model: str | None
    device: str | None
    engine: Engine | None
    diarizer: str
    pyannote: Path | None
    language: str | None
    settings_file: Path | None
    call_id: str | None
    cache_folder: Path | None
    no_cache: bool
    debug: bool

    def paths(self) -> tuple[Path, ...]:
        """The recording's file, or its two, the agent's first."""
        parties = [path for path in (self.agent_file, self.customer_file) if path is not None]
        if len(self.audio) == 1 and not parties:
            return self.audio
        if len(parties) == 2 and not self.audio:
            return tuple(parties)
        raise UsageError(
            "Give one recording, or --agent FILE and --customer FILE for one of two files."
        )

    def _roles(self) -> Roles | None:
        """Who is on which channel, as the options say."""
        from pipeline.measure import roles

        if self.channels:
            return roles.parse(self.channels)
        return None if self.audio else roles.DEFAULT

    def _voice(self) -> VoiceProfile | None:
        """What is known of the agent's voice."""
        if (self.agent_name is None) != (self.db is None):
            raise UsageError("--agent-name and --db go together: whose voice is in which store?")
        if self.agent_name is None or self.db is None:
            return None
        from pipeline.store.database import open_database
        from pipeline.store.voices import stored_voice

        with open_database(self.db, self.files, make=False) as database:
            return database.look(lambda connection: stored_voice(connection, self.agent_name or ""))

    def measured(self, *, keep_sound: bool = False, ui: str = "zh") -> Measured:
        """Measure what the options name; ``ui`` is the language of the progress line."""
        from pipeline.measure import call, roles
        from pipeline.measure.cache import Cache, default_folder

        if self.transcript is not None and self.no_transcript:
            raise UsageError("--transcript and --no-transcript exclude each other.")
        paths = self.paths()
        settings = options.with_engine(load_measure_settings(self.settings_file), self.engine)
        recording = call.Recording(
            paths=paths,
            call_id=safe_stem(self.call_id or paths[0].name),
            roles=self._roles(),
            agent=self.agent_is,
            voice=self._voice(),
            transcript=self.transcript,
            language=self.language,
            speakers=roles.parse_speakers(self.speakers) if self.speakers else None,
        )
        with call.opened(recording, settings.audio) as audio:
            # Models come after the recording: a file that cannot be read costs no model's loading.
            own_words = not (self.transcript or self.no_transcript)
            models = call.load_models(
                settings,
                self.model or settings.transcript.model if own_words else None,
                self.device,
                options.pyannote_of(self.diarizer, self.pyannote),
            )
            cache = Cache(None if self.no_cache else self.cache_folder or default_folder())
            with _progress(ui) as progress:
                return call.measure(
                    audio, recording, models, settings, cache, progress, keep_sound=keep_sound
                )


@cli.command()
@_measuring
@_rubric
@click.option("--out", type=_FILE, default=Path(), help="Folder for the results. Default: here.")
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON.")
@click.option("--no-audio", is_flag=True, help="Leave the sound out of the page.")
@click.option("--tracks", type=_FILE, help="Also write the 10 ms tracks (.npz) here.")
@_show_numbers
@_ui
def score(
    rubric: str | None,
    out: Path,
    as_json: bool,
    no_audio: bool,
    tracks: Path | None,
    show_numbers: bool,
    ui: str,
    **measuring: Any,
) -> None:
    """Measure and judge one recording: facts, scorecard and page."""
    from pipeline.measure.playback import MEDIA_TYPE
    from pipeline.report.files import call_files
    from pipeline.report.html import Sound

    judge_with = _judge(rubric) if rubric else None  # a wrong rubric is told before the slow part
    measured = _Measuring(**measuring).measured(keep_sound=not no_audio, ui=ui)
    facts = measured.facts
    sound = Sound(measured.sound, MEDIA_TYPE) if measured.sound else None
    judge_with = judge_with or _judge(default_rubric(spoken_language(facts)))
    shown, files = call_files(
        judge_with(facts), facts, measured.tracks, sound, ui=ui, show_numbers=show_numbers
    )
    written = {out / f"{facts.call_id}.{kind}": data for kind, data in files.items()}
    if tracks is not None:
        written[tracks] = encode_tracks(measured.tracks)
    write_whole(written)
    _show(shown, ui, as_json)
    if not as_json:
        click.echo(f"\n{printable(out / facts.call_id)}.html", err=True)


@cli.command()
@_measuring
@click.option("-o", "--out", type=_FILE, help="Where the facts go. Default: standard output.")
@click.option("--tracks", type=_FILE, help="Also write the 10 ms tracks (.npz) here.")
def measure(out: Path | None, tracks: Path | None, **measuring: Any) -> None:
    """Measure one recording: audio -> facts."""
    measured = _Measuring(**measuring).measured()
    encoded = encode_facts(measured.facts)
    written = {} if out is None else {out: encoded}
    if tracks is not None:
        written[tracks] = encode_tracks(measured.tracks)
    write_whole(written)
    if out is None:
        click.echo(encoded, nl=False)


@cli.command()
@click.argument("facts_file", metavar="FACTS", type=_FILE)
@_rubric
@options.agent_is
@click.option("-o", "--out", type=_FILE, help="Where the scorecard goes as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON.")
@_show_numbers
@_ui
@options.tracebacks
def judge(
    facts_file: Path,
    rubric: str | None,
    agent_is: int | None,
    out: Path | None,
    as_json: bool,
    show_numbers: bool,
    ui: str,
) -> None:
    """Judge stored facts: facts -> scorecard. No audio, no models."""
    from pipeline.measure.roles import revised
    from pipeline.report.privacy import mask_scorecard

    facts = decode_facts(read_input(facts_file), facts_file)
    facts = facts if agent_is is None else revised(facts, agent_is)
    scorecard = _judge(rubric or default_rubric(spoken_language(facts)))(facts)
    shown = scorecard if show_numbers else mask_scorecard(scorecard, facts)
    if out is not None:
        write_whole({out: encode_facts(shown)})
    _show(shown, ui, as_json)


@cli.command()
@click.argument("name", type=click.Choice(SCHEMAS))
def schema(name: str) -> None:
    """The JSON Schema of what Qinhe writes and reads."""
    from pipeline.schemas import encoded

    click.echo(encoded(name), nl=False)


@cli.command()
@_debug
def doctor(debug: bool) -> None:
    """What is installed, which models are there, which recordings can be read."""
    from pipeline.doctor import report

    Console().print(report())


for _command in (
    *(rubrics.standards, rubrics.rubric, night.batch, night.watch),
    *(store.rejudge, store.forget, store.export, store.formats, store.report),
    *(pages.index, redact.redact, marks.marks, agree.agree, voices.voices),
    *(tune.tune, tune.sensitivity, tune.fairness),
):
    cli.add_command(_command)


def _judge(name: str) -> Callable[[CallFacts], Scorecard]:
    from pipeline.judge.call import compile
    from pipeline.rubric import load_lexicon

    chosen = rubric_of(name)
    return compile(chosen, load_lexicon(chosen.lexicon)).score


def _show(scorecard: Scorecard, ui: str, as_json: bool) -> None:
    from pipeline.report.text import render

    if as_json:
        click.echo(encode_facts(scorecard), nl=False)
    else:
        Console(highlight=False).print(render(scorecard, ui))


@contextmanager
def _progress(ui: str) -> Iterator[Callable[[str, float], None]]:
    """A line on the terminal that says how far which stage is; nothing where nobody watches."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda stage, share: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from pipeline.report.vocabulary import stage_name

    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def advance(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage_name(stage, ui), total=1.0)
            bars.update(tasks[stage], completed=share)

        yield advance
