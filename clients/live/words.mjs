// @ts-check
// What the page says, in four languages. A message is a sentence with {places}, or one sentence for
// each plural form of its `count` (Intl.PluralRules). Every language has the same keys; a test sees to it.

/** @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Message */

export const LANGUAGES = { en: 'English', es: 'Español', ca: 'Català', ar: 'العربية' };

/** @type {Record<string, Record<string, Message>>} */
export const MESSAGES = {
  en: {
    title: 'The city live',
    connecting: 'Connecting',
    live: 'Live',
    lost: 'Reconnecting',
    stale: 'as of {time}, {age} ago',
    demonstration: 'Demonstration',
    demonstrationRate: 'Demonstration ×{rate}',
    demonstrationMeaning: 'Drivers and riders are simulated; time runs {rate} times as fast.',
    onShift: 'Drivers on shift',
    free: 'Free',
    to_pickup: 'To pick-up',
    on_trip: 'With rider',
    other: 'Other',
    waiting: 'Riders waiting',
    openTrips: 'Open trips',
    underWay: '{count} under way, with a driver',
    completed: 'Completed today',
    waits: 'Wait for a car',
    waitsWindow: 'last {minutes} min',
    mean: 'mean',
    p95: '19 of 20 wait less than',
    noWaits: 'No car has arrived yet.',
    offers: 'Offers to drivers today',
    made: 'made',
    declined: 'declined',
    round: 'Dispatch round',
    roundNumber: 'no. {number}',
    degraded: 'Straight-line travel times',
    queues: 'Longest queues',
    zone: 'Zone',
    waitingShort: 'Waiting',
    freeShort: 'Free',
    waitShort: 'Wait',
    noQueues: 'Nobody is waiting anywhere.',
    showZone: 'Show {zone} on the map',
    rules: 'Rules in force',
    rulesMissing: 'The rules cannot be read just now.',
    developers: 'For developers',
    key: 'On the map',
    rider: 'Riders waiting, to the nearest 100 m',
    day: 'Day',
    night: 'Night',
    language: 'Language',
    map: 'Map of all cars',
    mapMissing: 'This browser cannot draw the map. All figures and queues are beside it.',
    zoomIn: 'Closer',
    zoomOut: 'Farther',
    wholeCity: 'Whole city',
    skip: 'Skip the map',
    chart: '{what}: lowest {low}, highest {high}, now {now}',
    summaryDrivers: { one: '{count} driver is on shift, {free} free.', other: '{count} drivers are on shift, {free} free.' },
    summaryRiders: { one: '{count} rider is waiting', other: '{count} riders are waiting' },
    summaryWhere: '; the longest queue is in {zone} ({most}).',
    summaryEnd: '.',
    tariff: 'Tariff',
    pay_floor: 'Pay floor',
    matching_policy: 'Matching policy',
    booking_policy: 'Booking policy',
    levy: 'Levy',
    privacy_purposes: 'Privacy',
    allocation_policy: 'Surplus',
    bylaws: 'Bylaws',
    since: 'Version {version}, in force since {date}.',
    byCharter: 'From the founding charter.',
    byMembers: 'Adopted by the members.',
    fareFlag: 'A trip starts at {amount}.',
    fareFlagDistance: 'A trip starts at {amount}, with the first {distance} in it.',
    fareStep: '{amount} for every {part} of the way.',
    fareStepFrom: '{amount} for every {part} beyond {from}.',
    fareTime: '{amount} for every {part} of driving.',
    fareTimeSlow: '{amount} for every {part} slower than {speed}.',
    fareMinimum: 'No trip costs less than {amount}.',
    fareWaiting: 'The driver waits {free} for nothing, then {amount} for every {part}.',
    fareSteady: 'Prices never follow supply and demand.',
    fareShare: '{driver} of each fare goes to the driver, {coop} to the co-operative, {city} to the city.',
    payFloor: 'A driver earns at least {distance} a {unit} and {minute} a minute.',
    payFloorTrip: 'And no less than {amount} a trip.',
    payTopUp: 'Where the fare falls short, the co-operative adds the rest.',
    mile: 'mile',
    km: 'kilometre',
    matchRound: 'Every {time}, waiting riders and free cars are paired, all together.',
    matchOffer: 'A driver has {time} to answer an offer.',
    matchLimit: 'No driver is sent farther than {time} away.',
    fareBooking: '{amount} for booking.',
    fareMore: { one: 'One more price holds for other hours, places or vehicles.', other: '{count} more prices hold for other hours, places or vehicles.' },
    payMore: { one: 'Another floor holds for other vehicles or places.', other: '{count} other floors hold for other vehicles or places.' },
    matchAge: 'The longer a rider has waited, the more it counts.',
    matchEarnings: 'Drivers who have earned less than others come a little sooner.',
    matchIdle: 'So do drivers who have waited long for an offer.',
  },
  es: {
    title: 'La ciudad en directo',
    connecting: 'Conectando',
    live: 'En directo',
    lost: 'Reconectando',
    stale: 'a las {time}, hace {age}',
    demonstration: 'Demostración',
    demonstrationRate: 'Demostración ×{rate}',
    demonstrationMeaning: 'Conductores y pasajeros son simulados; el tiempo corre {rate} veces más deprisa.',
    onShift: 'Conductores de turno',
    free: 'Libres',
    to_pickup: 'A recoger',
    on_trip: 'Con pasajero',
    other: 'Otros',
    waiting: 'Pasajeros esperando',
    openTrips: 'Viajes abiertos',
    underWay: '{count} en curso, con conductor',
    completed: 'Terminados hoy',
    waits: 'Espera por un coche',
    waitsWindow: 'últimos {minutes} min',
    mean: 'media',
    p95: '19 de cada 20 esperan menos de',
    noWaits: 'Todavía no ha llegado ningún coche.',
    offers: 'Ofertas a conductores hoy',
    made: 'hechas',
    declined: 'rechazadas',
    round: 'Ronda de asignación',
    roundNumber: 'n.º {number}',
    degraded: 'Tiempos en línea recta',
    queues: 'Colas más largas',
    zone: 'Zona',
    waitingShort: 'Esperan',
    freeShort: 'Libres',
    waitShort: 'Espera',
    noQueues: 'Nadie espera en ninguna parte.',
    showZone: 'Mostrar {zone} en el mapa',
    rules: 'Reglas vigentes',
    rulesMissing: 'Ahora mismo no se pueden leer las reglas.',
    developers: 'Para desarrolladores',
    key: 'En el mapa',
    rider: 'Pasajeros esperando, con 100 m de precisión',
    day: 'Día',
    night: 'Noche',
    language: 'Idioma',
    map: 'Mapa de todos los coches',
    mapMissing: 'Este navegador no puede dibujar el mapa. Todas las cifras y colas están al lado.',
    zoomIn: 'Más cerca',
    zoomOut: 'Más lejos',
    wholeCity: 'Toda la ciudad',
    skip: 'Saltar el mapa',
    chart: '{what}: mínimo {low}, máximo {high}, ahora {now}',
    summaryDrivers: { one: '{count} conductor de turno, {free} libres.', other: '{count} conductores de turno, {free} libres.' },
    summaryRiders: { one: '{count} pasajero espera', other: '{count} pasajeros esperan' },
    summaryWhere: '; la cola más larga está en {zone} ({most}).',
    summaryEnd: '.',
    tariff: 'Tarifa',
    pay_floor: 'Paga mínima',
    matching_policy: 'Reglas de asignación',
    booking_policy: 'Reglas de reserva',
    levy: 'Tasa',
    privacy_purposes: 'Privacidad',
    allocation_policy: 'Excedente',
    bylaws: 'Estatutos',
    since: 'Versión {version}, vigente desde el {date}.',
    byCharter: 'De la carta fundacional.',
    byMembers: 'Aprobada por los socios.',
    fareFlag: 'Un viaje empieza en {amount}.',
    fareFlagDistance: 'Un viaje empieza en {amount}, con los primeros {distance} incluidos.',
    fareStep: '{amount} por cada {part} de recorrido.',
    fareStepFrom: '{amount} por cada {part} a partir de {from}.',
    fareTime: '{amount} por cada {part} de marcha.',
    fareTimeSlow: '{amount} por cada {part} a menos de {speed}.',
    fareMinimum: 'Ningún viaje cuesta menos de {amount}.',
    fareWaiting: 'El conductor espera {free} sin cobrar; después, {amount} por cada {part}.',
    fareSteady: 'Los precios nunca siguen la oferta y la demanda.',
    fareShare: 'De cada tarifa, {driver} es para el conductor, {coop} para la cooperativa y {city} para la ciudad.',
    payFloor: 'Un conductor gana al menos {distance} por {unit} y {minute} por minuto.',
    payFloorTrip: 'Y no menos de {amount} por viaje.',
    payTopUp: 'Si la tarifa no llega, la cooperativa pone el resto.',
    mile: 'milla',
    km: 'kilómetro',
    matchRound: 'Cada {time} se emparejan, todos a la vez, pasajeros que esperan y coches libres.',
    matchOffer: 'Un conductor tiene {time} para contestar una oferta.',
    matchLimit: 'Ningún conductor es enviado a más de {time}.',
    fareBooking: '{amount} por la reserva.',
    fareMore: { one: 'Otro precio vale para otras horas, lugares o vehículos.', other: 'Otros {count} precios valen para otras horas, lugares o vehículos.' },
    payMore: { one: 'Otro mínimo vale para otros vehículos o lugares.', other: 'Otros {count} mínimos valen para otros vehículos o lugares.' },
    matchAge: 'Cuanto más ha esperado un pasajero, más cuenta.',
    matchEarnings: 'Los conductores que han ganado menos que otros van un poco antes.',
    matchIdle: 'También los que llevan mucho tiempo sin una oferta.',
  },
  ca: {
    title: 'La ciutat en directe',
    connecting: 'Connectant',
    live: 'En directe',
    lost: 'Reconnectant',
    stale: 'a les {time}, fa {age}',
    demonstration: 'Demostració',
    demonstrationRate: 'Demostració ×{rate}',
    demonstrationMeaning: 'Conductors i passatgers són simulats; el temps corre {rate} vegades més de pressa.',
    onShift: 'Conductors de torn',
    free: 'Lliures',
    to_pickup: 'A recollir',
    on_trip: 'Amb passatger',
    other: 'Altres',
    waiting: 'Passatgers esperant',
    openTrips: 'Viatges oberts',
    underWay: '{count} en curs, amb conductor',
    completed: 'Acabats avui',
    waits: 'Espera per un cotxe',
    waitsWindow: 'últims {minutes} min',
    mean: 'mitjana',
    p95: '19 de cada 20 esperen menys de',
    noWaits: 'Encara no ha arribat cap cotxe.',
    offers: 'Ofertes a conductors avui',
    made: 'fetes',
    declined: 'rebutjades',
    round: "Ronda d'assignació",
    roundNumber: 'núm. {number}',
    degraded: 'Temps en línia recta',
    queues: 'Cues més llargues',
    zone: 'Zona',
    waitingShort: 'Esperen',
    freeShort: 'Lliures',
    waitShort: 'Espera',
    noQueues: 'Ningú espera enlloc.',
    showZone: 'Mostra {zone} al mapa',
    rules: 'Regles vigents',
    rulesMissing: 'Ara mateix no es poden llegir les regles.',
    developers: 'Per a desenvolupadors',
    key: 'Al mapa',
    rider: 'Passatgers esperant, amb 100 m de precisió',
    day: 'Dia',
    night: 'Nit',
    language: 'Llengua',
    map: 'Mapa de tots els cotxes',
    mapMissing: 'Aquest navegador no pot dibuixar el mapa. Totes les xifres i cues són al costat.',
    zoomIn: 'Més a prop',
    zoomOut: 'Més lluny',
    wholeCity: 'Tota la ciutat',
    skip: 'Salta el mapa',
    chart: '{what}: mínim {low}, màxim {high}, ara {now}',
    summaryDrivers: { one: '{count} conductor de torn, {free} lliures.', other: '{count} conductors de torn, {free} lliures.' },
    summaryRiders: { one: '{count} passatger espera', other: '{count} passatgers esperen' },
    summaryWhere: '; la cua més llarga és a {zone} ({most}).',
    summaryEnd: '.',
    tariff: 'Tarifa',
    pay_floor: 'Paga mínima',
    matching_policy: "Regles d'assignació",
    booking_policy: 'Regles de reserva',
    levy: 'Taxa',
    privacy_purposes: 'Privadesa',
    allocation_policy: 'Excedent',
    bylaws: 'Estatuts',
    since: 'Versió {version}, vigent des del {date}.',
    byCharter: 'De la carta fundacional.',
    byMembers: 'Aprovada pels socis.',
    fareFlag: 'Un viatge comença en {amount}.',
    fareFlagDistance: 'Un viatge comença en {amount}, amb els primers {distance} inclosos.',
    fareStep: '{amount} per cada {part} de recorregut.',
    fareStepFrom: '{amount} per cada {part} a partir de {from}.',
    fareTime: '{amount} per cada {part} de marxa.',
    fareTimeSlow: '{amount} per cada {part} a menys de {speed}.',
    fareMinimum: 'Cap viatge costa menys de {amount}.',
    fareWaiting: 'El conductor espera {free} sense cobrar; després, {amount} per cada {part}.',
    fareSteady: "Els preus no segueixen mai l'oferta i la demanda.",
    fareShare: 'De cada tarifa, {driver} és per al conductor, {coop} per a la cooperativa i {city} per a la ciutat.',
    payFloor: 'Un conductor guanya almenys {distance} per {unit} i {minute} per minut.',
    payFloorTrip: 'I no menys de {amount} per viatge.',
    payTopUp: 'Si la tarifa no hi arriba, la cooperativa hi posa la resta.',
    mile: 'milla',
    km: 'quilòmetre',
    matchRound: "Cada {time} s'aparellen, tots alhora, passatgers que esperen i cotxes lliures.",
    matchOffer: 'Un conductor té {time} per respondre una oferta.',
    matchLimit: "Cap conductor no és enviat a més de {time}.",
    fareBooking: '{amount} per la reserva.',
    fareMore: { one: 'Un altre preu val per a altres hores, llocs o vehicles.', other: '{count} preus més valen per a altres hores, llocs o vehicles.' },
    payMore: { one: 'Un altre mínim val per a altres vehicles o llocs.', other: '{count} mínims més valen per a altres vehicles o llocs.' },
    matchAge: 'Com més ha esperat un passatger, més compta.',
    matchEarnings: 'Els conductors que han guanyat menys que altres van una mica abans.',
    matchIdle: 'També els que fa molt que no reben cap oferta.',
  },
  ar: {
    title: 'المدينة مباشرةً',
    connecting: 'جارٍ الاتصال',
    live: 'مباشر',
    lost: 'جارٍ إعادة الاتصال',
    stale: 'حتى {time}، قبل {age}',
    demonstration: 'عرض تجريبي',
    demonstrationRate: 'عرض تجريبي ×{rate}',
    demonstrationMeaning: 'السائقون والركاب محاكاة، والوقت أسرع {rate} مرات.',
    onShift: 'السائقون في المناوبة',
    free: 'متاح',
    to_pickup: 'في الطريق إلى راكب',
    on_trip: 'مع راكب',
    other: 'غير ذلك',
    waiting: 'ركاب ينتظرون',
    openTrips: 'رحلات مفتوحة',
    underWay: '{count} جارية مع سائق',
    completed: 'اكتملت اليوم',
    waits: 'انتظار السيارة',
    waitsWindow: 'آخر {minutes} دقيقة',
    mean: 'المتوسط',
    p95: '19 من كل 20 ينتظرون أقل من',
    noWaits: 'لم تصل أي سيارة بعد.',
    offers: 'العروض على السائقين اليوم',
    made: 'قُدِّمت',
    declined: 'رُفضت',
    round: 'جولة التوزيع',
    roundNumber: 'رقم {number}',
    degraded: 'أزمنة بخط مستقيم',
    queues: 'أطول قوائم الانتظار',
    zone: 'المنطقة',
    waitingShort: 'ينتظرون',
    freeShort: 'متاحة',
    waitShort: 'الانتظار',
    noQueues: 'لا أحد ينتظر في أي مكان.',
    showZone: 'إظهار {zone} على الخريطة',
    rules: 'القواعد السارية',
    rulesMissing: 'لا يمكن قراءة القواعد الآن.',
    developers: 'للمطورين',
    key: 'على الخريطة',
    rider: 'ركاب ينتظرون، بدقة 100 متر',
    day: 'نهار',
    night: 'ليل',
    language: 'اللغة',
    map: 'خريطة كل السيارات',
    mapMissing: 'لا يستطيع هذا المتصفح رسم الخريطة. كل الأرقام والقوائم بجانبها.',
    zoomIn: 'أقرب',
    zoomOut: 'أبعد',
    wholeCity: 'المدينة كلها',
    skip: 'تخطي الخريطة',
    chart: '{what}: الأدنى {low}، الأعلى {high}، الآن {now}',
    summaryDrivers: {
      zero: 'لا سائق في المناوبة.', one: 'سائق واحد في المناوبة، المتاح {free}.', two: 'سائقان في المناوبة، المتاح {free}.',
      few: '{count} سائقين في المناوبة، المتاح {free}.', many: '{count} سائقًا في المناوبة، المتاح {free}.', other: '{count} سائق في المناوبة، المتاح {free}.',
    },
    summaryRiders: {
      zero: 'لا أحد ينتظر', one: 'راكب واحد ينتظر', two: 'راكبان ينتظران', few: '{count} ركاب ينتظرون', many: '{count} راكبًا ينتظرون', other: '{count} راكب ينتظرون',
    },
    summaryWhere: '؛ أطول قائمة انتظار في {zone} ({most}).',
    summaryEnd: '.',
    tariff: 'التعرفة',
    pay_floor: 'الحد الأدنى للأجر',
    matching_policy: 'سياسة التوزيع',
    booking_policy: 'سياسة الحجز',
    levy: 'الرسم',
    privacy_purposes: 'الخصوصية',
    allocation_policy: 'الفائض',
    bylaws: 'النظام الداخلي',
    since: 'الإصدار {version}، سارٍ منذ {date}.',
    byCharter: 'من الميثاق التأسيسي.',
    byMembers: 'أقره الأعضاء.',
    fareFlag: 'تبدأ الرحلة بمبلغ {amount}.',
    fareFlagDistance: 'تبدأ الرحلة بمبلغ {amount}، وفيه أول {distance}.',
    fareStep: '{amount} عن كل {part} من الطريق.',
    fareStepFrom: '{amount} عن كل {part} بعد {from}.',
    fareTime: '{amount} عن كل {part} من السير.',
    fareTimeSlow: '{amount} عن كل {part} بأقل من {speed}.',
    fareMinimum: 'لا تقل أي رحلة عن {amount}.',
    fareWaiting: 'ينتظر السائق {free} مجانًا، ثم {amount} عن كل {part}.',
    fareSteady: 'لا تتبع الأسعار العرض والطلب أبدًا.',
    fareShare: 'من كل أجرة {driver} للسائق، و{coop} للتعاونية، و{city} للمدينة.',
    payFloor: 'يكسب السائق على الأقل {distance} لكل {unit} و{minute} لكل دقيقة.',
    payFloorTrip: 'ولا أقل من {amount} للرحلة.',
    payTopUp: 'وإذا لم تكفِ الأجرة أكملتها التعاونية.',
    mile: 'ميل',
    km: 'كيلومتر',
    matchRound: 'كل {time} يُجمع الركاب المنتظرون والسيارات المتاحة معًا.',
    matchOffer: 'للسائق {time} للرد على العرض.',
    matchLimit: 'لا يُرسل سائق إلى أبعد من {time}.',
    fareBooking: '{amount} عن الحجز.',
    fareMore: { one: 'ويسري سعر آخر لأوقات أو أماكن أو مركبات أخرى.', two: 'ويسري سعران آخران لأوقات أو أماكن أو مركبات أخرى.', few: 'وتسري {count} أسعار أخرى لأوقات أو أماكن أو مركبات أخرى.', other: 'ويسري {count} سعرًا آخر لأوقات أو أماكن أو مركبات أخرى.' },
    payMore: { one: 'ويسري حد أدنى آخر لمركبات أو أماكن أخرى.', two: 'ويسري حدان أدنيان آخران لمركبات أو أماكن أخرى.', other: 'وتسري {count} حدود دنيا أخرى لمركبات أو أماكن أخرى.' },
    matchAge: 'كلما طال انتظار الراكب زاد وزنه.',
    matchEarnings: 'السائقون الأقل كسبًا يتقدمون قليلًا.',
    matchIdle: 'وكذلك من طال انتظاره لعرض.',
  },
};

/** The first of somebody's languages that the page speaks. @param {readonly string[]} wanted @returns {string} */
export function chooseLanguage(wanted) {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0];
    if (language in LANGUAGES) return language;
  }
  return 'en';
}

/** Speaks one language: messages, numbers, durations, times and money. */
export class Words {
  /**
   * @param {string} language one of LANGUAGES
   * @param {{timezone?: string, wanted?: readonly string[]}} [how] the city's time zone; somebody's
   *   languages with their regions, which decide between 20:05 and 8:05 PM
   */
  constructor(language, { timezone, wanted = [] } = {}) {
    this.language = language;
    this.timezone = timezone;
    this.direction = language === 'ar' ? 'rtl' : 'ltr';
    // Figures stand in tables with Latin letters beside them: one set of digits for all.
    const region = wanted.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language;
    this.locale = language === 'ar' ? `${region.split('-u-')[0]}-u-nu-latn` : region;
    this.plurals = new Intl.PluralRules(language);
    /** @type {Map<string, any>} */
    this.formats = new Map();
  }

  /**
   * A message, with its places filled in.
   * @param {string} key @param {Record<string, string | number>} [values] numbers are written in the language's way
   * @returns {string}
   */
  say(key, values = {}) {
    const message = MESSAGES[this.language][key] ?? MESSAGES.en[key];
    if (message === undefined) return key;
    const text = typeof message === 'string' ? message : (message[this.plurals.select(Number(values.count))] ?? message.other ?? '');
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values[name];
      if (value === undefined) return whole;
      if (typeof value === 'number') return this.number(value);
      // A Latin name inside an Arabic sentence keeps its own direction and disturbs nobody else's.
      return this.direction === 'rtl' ? `\u2068${value}\u2069` : value;
    });
  }

  /** @param {string} kind @param {Intl.NumberFormatOptions} options @returns {Intl.NumberFormat} */
  #format(kind, options) {
    if (!this.formats.has(kind)) this.formats.set(kind, new Intl.NumberFormat(this.locale, options));
    return this.formats.get(kind);
  }

  /** @param {number} value @param {number} [decimals] */
  number(value, decimals = 0) {
    return this.#format(`n${decimals}`, { maximumFractionDigits: decimals, minimumFractionDigits: decimals }).format(value);
  }

  /** Basis points as a share. @param {number} points */
  share(points) {
    return this.#format('%', { style: 'percent', maximumFractionDigits: 1 }).format(points / 10_000);
  }

  /** @param {number} value @param {string} unit @param {'short' | 'long' | 'narrow'} [display] @param {number} [decimals] always shown */
  measure(value, unit, display = 'short', decimals = 0) {
    const options = { style: /** @type {const} */ ('unit'), unit, unitDisplay: display, minimumFractionDigits: decimals, maximumFractionDigits: decimals || 2 };
    return this.#format(unit + display + decimals, options).format(value);
  }

  /** Seconds as people say them, to the nearest second below an hour. @param {number} seconds @param {'short' | 'long'} [display] */
  duration(seconds, display = 'short') {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 60) return this.measure(whole, 'second', display);
    if (whole >= 3600) return this.measure(whole / 3600, 'hour', display);
    const parts = [this.measure(Math.floor(whole / 60), 'minute', display)];
    if (whole % 60) parts.push(this.measure(whole % 60, 'second', display));
    return parts.join(' ');
  }

  /** @param {number} epochSeconds @param {Intl.DateTimeFormatOptions} options */
  time(epochSeconds, options) {
    const kind = JSON.stringify(options);
    if (!this.formats.has(kind)) {
      this.formats.set(kind, new Intl.DateTimeFormat(this.locale, { timeZone: this.timezone, ...options }));
    }
    return this.formats.get(kind).format(epochSeconds * 1000);
  }

  /** How many digits a currency has behind the point. @param {string} currency */
  digits(currency) {
    return this.#format(currency, moneyOptions(currency)).resolvedOptions().maximumFractionDigits ?? 2;
  }

  /** @param {number} amount in minor units @param {string} currency @param {number} [digits] */
  money(amount, currency, digits = 2) {
    return this.#format(currency, moneyOptions(currency)).format(amount / 10 ** digits);
  }
}

/** @param {string} currency @returns {Intl.NumberFormatOptions} */
const moneyOptions = (currency) => ({ style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
