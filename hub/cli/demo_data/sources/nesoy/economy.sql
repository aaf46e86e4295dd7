-- Nesøy's made-up economy system, and the view that the department made for Torg.
-- Days in braces are counted from the day on which the demo is filled.
-- The numbers are of Skatteetaten's synthetic population (80 is added to the month): nobody has them.

CREATE TABLE kunde (
  kundenr TEXT PRIMARY KEY,
  fnr TEXT NOT NULL,
  navn TEXT NOT NULL
);
CREATE TABLE faktura (
  fakturanr TEXT PRIMARY KEY,
  kundenr TEXT NOT NULL REFERENCES kunde,
  gjelder TEXT NOT NULL,
  enhet TEXT NOT NULL,
  fakturadato TEXT NOT NULL,
  forfallsdato TEXT NOT NULL,
  belop NUMERIC NOT NULL,
  mva NUMERIC NOT NULL DEFAULT 0,
  kid TEXT NOT NULL,
  purringer INTEGER NOT NULL DEFAULT 0,
  purredato TEXT,
  utsatt_til TEXT
);
CREATE TABLE innbetaling (
  fakturanr TEXT NOT NULL REFERENCES faktura,
  betalt_dato TEXT NOT NULL,
  sum NUMERIC NOT NULL
);

INSERT INTO kunde VALUES
  ('20417', '14838130098', 'Marianne Fjellheim'),
  ('20988', '02895830111', 'Rolf Inge Storhaug'),
  ('21340', '11907330143', 'Geir Skaugvoll'),
  ('21776', '25918630050', 'Fatima Haddad');

INSERT INTO faktura VALUES
  ('3300417', '20417', 'Kommunale avgifter, 2. termin', 'Økonomi', '{day-95}', '{day-65}', 4935, 987, '0033004177',
   1, '{day-2}', NULL),
  ('3300982', '20417', 'Kommunale avgifter, 3. termin', 'Økonomi', '{day-20}', '{day+10}', 4935, 987, '0033009820',
   0, NULL, NULL),
  ('3299120', '20988', 'Slamtømming, bomtur', 'Renovasjon', '{day-31}', '{day-1}', 890, 178, '0032991200',
   0, NULL, '{day+20}'),
  ('3301444', '21776', 'Barnehage, to barn', 'Oppvekst', '{day-12}', '{day+8}', 4000, 0, '0033014440', 0, NULL, NULL),
  ('3298876', '21340', 'Kommunale avgifter, 2. termin', 'Økonomi', '{day-95}', '{day-65}', 4120, 824, '0032988768',
   0, NULL, NULL);

INSERT INTO innbetaling VALUES
  ('3298876', '{day-66}', 4120),
  ('3301444', '{day-3}', 1200);

CREATE VIEW torg_faktura AS
SELECT
  kunde.fnr, kunde.kundenr, faktura.fakturanr, faktura.gjelder, faktura.enhet, faktura.fakturadato,
  faktura.forfallsdato, faktura.utsatt_til, faktura.kid, faktura.purringer, faktura.purredato,
  printf('%.2f', faktura.belop) AS belop,
  printf('%.2f', faktura.mva) AS mva,
  printf('%.2f', coalesce(betalt.sum, 0)) AS betalt,
  printf('%.2f', faktura.belop - coalesce(betalt.sum, 0)) AS rest,
  innbetaling.betalt_dato,
  innbetaling.sum AS innbetalt,
  CASE
    WHEN coalesce(betalt.sum, 0) >= faktura.belop THEN 'betalt'
    WHEN coalesce(betalt.sum, 0) > 0 THEN 'delbetalt'
    WHEN faktura.purringer > 0 THEN 'purret'
    ELSE 'sendt'
  END AS tilstand
FROM faktura
JOIN kunde ON kunde.kundenr = faktura.kundenr
LEFT JOIN (SELECT fakturanr, sum(sum) AS sum FROM innbetaling GROUP BY fakturanr) AS betalt
  ON betalt.fakturanr = faktura.fakturanr
LEFT JOIN innbetaling ON innbetaling.fakturanr = faktura.fakturanr;
