"""A nightly run: everything its stages share, in one object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb

from payrank.extracts.extract import Extract
from payrank.scoring.past_run import previous_flags
from payrank.scoring.progress import StageTimer
from payrank.scoring.rules.flags_feed import flags_look_quiet, why_flags_unusable
from payrank.scoring.rules.rules import RuleTable, unchecked_rules
from payrank.scoring.rules.site_rules import describe_overrides
from payrank.scoring.run_models import RunModels
from payrank.scoring.settings import ScoringSettings

Explain = Literal["all", "listed"]


@dataclass(frozen=True, slots=True)
class NightlyRun:
    """One run: what it reads, its settings, and where it writes. Each stage takes it instead of eight arguments.

    Parameters
    ----------
    as_of
        Only what was known before this date counts.
    rules
        The rules in force: the shipped table with the site's overrides.
    explain
        Give reasons for every scored row, or for the listed ones only.
    folder
        Unpublished folder in which the run is built; see `payrank.scoring.publishing.publish`.
    earlier
        Folders of the published runs before `as_of`, latest first.
    """

    extract: Extract
    models: RunModels
    as_of: date
    settings: ScoringSettings
    rules: RuleTable
    folder: Path
    timer: StageTimer
    earlier: tuple[Path, ...] = ()
    explain: Explain = "all"

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The database that holds the loaded extract."""
        return self.extract.connection

    @property
    def why_flags_unusable(self) -> str:
        """Why the flags feed cannot be trusted (rule H12); empty when it can, or when the site waives the rule."""
        if "H12" in self.settings.waived:
            return ""
        return why_flags_unusable(
            self.extract,
            self.as_of,
            self.settings.max_flags_age_days,
            before=previous_flags(self.earlier),
            max_drop=self.settings.max_volume_drop,
        )

    @property
    def unchecked_rules(self) -> tuple[str, ...]:
        """A notice that names the rules that could not be checked, if any."""
        notice = unchecked_rules(self.extract, self.rules.patient, self.settings.waived)
        return (notice,) if notice and self.extract.has("accounts") else ()

    def notices(self, *, on_list: bool = False) -> tuple[str, ...]:
        """Return what a reader must know about the data and the site's rules.

        Rows that refer to missing rows are left out `on_list`: they concern whoever runs the job, not whoever calls.
        """
        notices = [finding.text for finding in self.extract.findings if not (on_list and finding.check == "keys")]
        if "simulated" in (self.extract.metadata.source_system or ""):
            notices.insert(0, "Simulated data: no real patient, account, or payer is shown.")
        quiet = flags_look_quiet(self.extract, self.as_of)
        return (*notices, *([quiet] if quiet else []), *describe_overrides(self.settings))
