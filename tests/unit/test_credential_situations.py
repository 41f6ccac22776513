# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Situations of credentials and networks in which similar tools went wrong in public, and the test of each here."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
_API = TESTS / "unit" / "plugins" / "module_utils" / "_api"
SITUATIONS: Mapping[str, Mapping[str, str]] = {
    "test_profiles.py": {
        "a session profile without auth_type": "test_a_profile_chooses_its_authentication",
        "a session profile beside [DEFAULT] with an API key": "test_a_session_never_signs_as_the_user_of_default",
        "a session profile beside OCI_CLI_USER": "test_nor_as_the_user_of_a_variable",
        "a session whose key is that of [DEFAULT]": "test_a_session_whose_key_is_that_of_default_is_refused",
        "a token file that is left blank": "test_a_blank_token_file_is_none",
        "Cloud Shell's file beside [DEFAULT]": "test_cloud_shell_does_not_sign_as_the_user_of_default",
        "Cloud Shell's environment": "test_cloud_shell_as_its_environment_has_it",
        "an unknown authentication_type": "test_an_authentication_type_that_is_unknown_is_named",
        "a profile by option in a shell with OCI_CLI_AUTH": "test_who_signs_is_the_profile_of_an_option",
        "a profile by option in a shell with a token file": "test_a_profile_of_an_option_has_its_own_token",
        "an instance's profile without a region": "test_a_profile_that_chooses_an_instance_gives_its_region",
        "OCI_CLI_* and no file": "test_the_variables_of_the_command_line_are_enough",
        "OCI_CLI_SECURITY_TOKEN_FILE": "test_a_token_file_of_the_command_line_is_a_session",
        "OCI_CLI_AUTH of the command line alone": "test_a_way_to_authenticate_that_only_the_command_line_has_is_named",
    },
    "test_auth.py": {
        "a profile that does not exist": "test_a_missing_profile_lists_those_that_exist",
        "a config file with a byte order mark": "test_a_config_file_with_a_byte_order_mark_and_a_percent_sign",
        "a key as forms leave it behind": "test_key_contents_in_the_shapes_that_forms_leave_behind",
        "the fingerprint of another key": "test_a_fingerprint_of_another_key_names_both",
        "a public key, or one of another kind": "test_keys_of_the_wrong_kind",
        "a pass phrase that is missing or wrong": "test_pass_phrases",
        "an instance principal that is not on an instance": "test_an_instance_principal_elsewhere_fails_at_once",
    },
    "test_precedence.py": {
        "OCI_CLI_* beside our own and the file": "test_the_leftmost_place_counts",
    },
    "test_settings.py": {
        "AWX sends blanks for what was left out": "test_a_blank_option_leaves_the_word_to_the_environment",
    },
    "integration/test_ansible_playbook.py": {
        "variables that are set and blank": "test_environment_that_is_blank_counts_as_not_set",
    },
    "test_session_token.py": {
        "a session ends in the middle of a run": "test_a_session_that_has_ended_signs_nothing_and_says_how_to_renew_it",
        "a hundred requests with a dead token": "test_one_request_tells_the_end_and_a_hundred_are_not_sent",
        "somebody renews the session meanwhile": "test_it_signs_again_once_somebody_renews_it",
        "a renewed token after a 401": "test_a_renewed_token_is_taken_after_a_401",
        "the token file is just being written": "test_a_file_that_is_just_being_written_is_read_the_next_time",
        "a new session has a new key": "test_a_new_session_brings_its_own_key",
        "the token file is another user's afterwards": "test_a_token_of_somebody_else_is_no_renewal",
        "a delegation token that is renewed": "test_a_delegation_token_is_read_again",
        "the hint after a 401 of a session": "test_a_refusal_names_the_command_of_a_session_and_no_api_key",
    },
    "test_key_files.py": {
        r"a key file with literal \n, or CRLF": "test_mangled_keys_are_read",
    },
    "test_metadata_service.py": {
        "the metadata service behind a proxy": "test_neither_do_we_use_a_proxy_for_it",
        "a proxy that refuses the request for a token": "test_a_proxy_that_refuses_the_request_for_a_token_is_named",
    },
    "test_reachability.py": {
        "a proxy that is dead": "test_a_dead_proxy_is_told_soon_by_name",
        "a proxy that refuses": "test_a_proxy_that_refuses_is_not_asked_again",
        "blocked hosts of a vault": "test_three_hosts_that_drop_everything_are_told_within_half_a_minute",
    },
    "integration/api/test_client.py": {
        "a certificate that nobody trusts": "test_an_untrusted_certificate_is_named_and_not_tried_again",
    },
    "test_proxies.py": {
        "the credentials of a proxy in a message": "test_credentials_of_urls_are_removed_from_messages",
    },
    "test_region_tables.py": {
        "garbage in OCI_REGION_METADATA": "test_a_variable_that_is_no_region_is_named",
    },
    "integration/api/test_sdk.py": {
        "an SDK that is too old": "test_an_sdk_that_is_too_old_is_named",
    },
}
"""By the file of its test, and by what a user would say."""


@functools.cache
def _tests_of(file: str) -> set[str]:
    path = TESTS / file if "/" in file else _API / file
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_as_many_as_were_tried() -> None:
    names = [(file, name) for file, tests in SITUATIONS.items() for name in tests.values()]
    assert len(set(names)) == len(names) == 43


@pytest.mark.parametrize("file", SITUATIONS)
def test_each_has_its_test(file: str) -> None:
    assert set(SITUATIONS[file].values()) - _tests_of(file) == set()
