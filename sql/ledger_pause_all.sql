-- SPDX-License-Identifier: Apache-2.0
-- Pauses or resumes the whole ledger; the pauses of single jobs stay as they are.
-- $1 paused, $2 because.
UPDATE pgtend.meta AS m
SET all_paused = $1::boolean,
    all_paused_because = CASE WHEN $1::boolean THEN $2::pg_catalog.text ELSE '' END;
