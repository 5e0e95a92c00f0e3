-- SPDX-License-Identifier: Apache-2.0
-- Was the ledger made for tests?
SELECT m.test_clock FROM pgtend.meta m;
