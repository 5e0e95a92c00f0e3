-- SPDX-License-Identifier: Apache-2.0
-- The version alone, readable whatever else a newer or older ledger looks like: this column must never be renamed.
SELECT m.schema_version FROM pgtend.meta m;
