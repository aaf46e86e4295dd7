-- Granvik's made-up economy system: three tables of its own, and the view that the department made for Torg.
-- Days in braces are counted from the day on which the demo is filled.
-- The identity numbers are of the series that Skatteverket keeps for tests: nobody has them.

CREATE TABLE kund (
  kundnr TEXT PRIMARY KEY,
  idnr TEXT NOT NULL,
  namn TEXT NOT NULL
);
CREATE TABLE faktura (
  fakturanr TEXT PRIMARY KEY,
  kundnr TEXT NOT NULL REFERENCES kund,
  avser TEXT NOT NULL,
  forvaltning TEXT NOT NULL,
  fakturadatum TEXT NOT NULL,
  forfallodatum TEXT NOT NULL,
  belopp NUMERIC NOT NULL,
  moms NUMERIC NOT NULL DEFAULT 0,
  ocr TEXT NOT NULL,
  paminnelser INTEGER NOT NULL DEFAULT 0,
  paminddatum TEXT,
  anstand_till TEXT,
  inkassobolag TEXT,
  inkassoarende TEXT
);
CREATE TABLE inbetalning (
  fakturanr TEXT NOT NULL REFERENCES faktura,
  betaldag TEXT NOT NULL,
  summa NUMERIC NOT NULL
);

INSERT INTO kund VALUES
  ('104417', '19840612-9828', 'Eva-Lotta Sundin'),
  ('108230', '19910305-2388', 'Sandra Björk'),
  ('101968', '19721121-9816', 'Mikael Öst'),
  ('100312', '19510209-9834', 'Wilhelm Strand'),
  ('111045', '19940817-2386', 'Amina Warsame'),
  ('103771', '19790914-9804', 'Pia Ljunggren'),
  ('100854', '19530526-9861', 'Ingrid Sjögren'),
  ('106602', '19661003-9882', 'Karin Lindqvist');

INSERT INTO faktura (fakturanr, kundnr, avser, forvaltning, fakturadatum, forfallodatum, belopp, moms, ocr,
                     paminnelser, paminddatum, anstand_till, inkassobolag, inkassoarende) VALUES
  ('40217731', '104417', 'Förskola {month-2}', 'Barn och utbildning', '{day-56}', '{day-26}', 1200, 0,
   '4021773108', 1, '{day-3}', '{day+4}', NULL, NULL),
  ('40219846', '104417', 'Förskola {month+0}', 'Barn och utbildning', '{day-4}', '{day+26}', 860, 0,
   '4021984606', 0, NULL, NULL, NULL, NULL),
  ('40215502', '104417', 'Vatten och renhållning', 'VA och renhållning', '{day-75}', '{day-45}', 2145, 429,
   '4021550209', 0, NULL, NULL, NULL, NULL),
  ('40209915', '108230', 'Renhållning', 'VA och renhållning', '{day-140}', '{day-110}', 980, 196,
   '4020991503', 2, '{day-60}', NULL, 'Nordkravet AB', 'NK-55120'),
  ('40218207', '108230', 'Vatten', 'VA och renhållning', '{day-21}', '{day+9}', 1460, 292,
   '4021820701', 0, NULL, NULL, NULL, NULL),
  ('40218644', '101968', 'Renhållning', 'VA och renhållning', '{day-19}', '{day+11}', 745, 149,
   '4021864402', 0, NULL, NULL, NULL, NULL),
  ('40219902', '101968', 'Avdrag, tre tömningar', 'VA och renhållning', '{day-1}', '{day+29}', -186, -37.20,
   '4021990207', 0, NULL, NULL, NULL, NULL),
  ('40213377', '101968', 'Renhållning', 'VA och renhållning', '{day-110}', '{day-80}', 745, 149,
   '4021337706', 0, NULL, NULL, NULL, NULL),
  ('40217455', '100312', 'Vatten', 'VA och renhållning', '{day-24}', '{day+6}', 6230, 1246,
   '4021745502', 0, NULL, NULL, NULL, NULL),
  ('40218011', '111045', 'Förskola {month-1}', 'Barn och utbildning', '{day-18}', '{day+12}', 1780, 0,
   '4021801107', 0, NULL, NULL, NULL, NULL),
  ('40217902', '103771', 'Renhållning', 'VA och renhållning', '{day-22}', '{day+8}', 745, 149,
   '4021790201', 0, NULL, NULL, NULL, NULL),
  ('40216633', '100854', 'Slamtömning', 'VA och renhållning', '{day-40}', '{day-10}', 1486, 297.20,
   '4021663309', 0, NULL, NULL, NULL, NULL),
  ('40219310', '106602', 'Bygglov', 'Bygg och miljö', '{day-9}', '{day+21}', 8400, 0,
   '4021931003', 0, NULL, NULL, NULL, NULL);

INSERT INTO inbetalning VALUES
  ('40215502', '{day-47}', 2145),
  ('40213377', '{day-82}', 745),
  ('40217902', '{day-2}', 400),
  ('40216633', '{day-12}', 1486);

-- All that Torg may see: no name, no address. Its status follows from the rows, as it does in the system itself.
CREATE VIEW torg_faktura AS
SELECT
  kund.idnr, kund.kundnr, faktura.fakturanr, faktura.avser, faktura.forvaltning, faktura.fakturadatum,
  faktura.forfallodatum, faktura.anstand_till, faktura.ocr, faktura.paminnelser, faktura.paminddatum,
  faktura.inkassobolag, faktura.inkassoarende,
  printf('%.2f', faktura.belopp) AS belopp,
  printf('%.2f', faktura.moms) AS moms,
  printf('%.2f', coalesce(betalt.summa, 0)) AS betalt,
  printf('%.2f', faktura.belopp - coalesce(betalt.summa, 0)) AS kvar,
  inbetalning.betaldag,
  inbetalning.summa AS inbetalt,
  CASE
    WHEN faktura.belopp < 0 THEN 'kreditfaktura'
    WHEN coalesce(betalt.summa, 0) >= faktura.belopp THEN 'betald'
    WHEN faktura.inkassobolag IS NOT NULL THEN 'inkasso'
    WHEN coalesce(betalt.summa, 0) > 0 THEN 'delbetald'
    WHEN faktura.paminnelser > 0 THEN 'påmind'
    ELSE 'skickad'
  END AS lage
FROM faktura
JOIN kund ON kund.kundnr = faktura.kundnr
LEFT JOIN (SELECT fakturanr, sum(summa) AS summa FROM inbetalning GROUP BY fakturanr) AS betalt
  ON betalt.fakturanr = faktura.fakturanr
LEFT JOIN inbetalning ON inbetalning.fakturanr = faktura.fakturanr;
