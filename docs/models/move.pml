/* The commit point of one move: source S, target T, client C. The client is the arbiter (ADR 0002).
 *
 * Epoch 0 is the source's, 1 the target's, 2 the source's again. A state is the count of inputs applied to it (the game is
 * deterministic in them). A frame carries (epoch, count); the count of an accepted frame acknowledges the inputs up to it.
 *
 * The network is the worst there is: whatever was once said may be heard at any later time, any number of times, in any
 * order, or not for as long as it likes. So a message needs no channel: it is a fact that stays hearable. That covers every
 * loss, duplication and reordering with queues of any length, in far fewer states than queues.
 *
 * Source, target and client crash as the comments beside `crash` say. What is recorded or logged survives, the rest does not.
 *
 * Checked in every state:
 *   A  an accepted frame never has a lower count than one accepted before: no acknowledged input is lost;
 *   B  a client that accepted epoch 1 never accepts epoch 2, nor the other way round: one line of history;
 * and when nothing is left to happen, that is, when everything that was said has been heard:
 *   C  every input is acknowledged: the session is not stuck between two sites that both wait;
 *   D  the move has ended: the source released, or serving again.
 *
 * D is why "packets of the UE arrive at the new generation" does not release the source: a client that fenced epoch 1 sends
 * there too. The word that releases is its gossip, accepted >= 1.
 *
 * Run:  spin -a move.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan -m100000     (-DN=3 to spin: three inputs)
 * tests/model/test_move_model.py runs it, and runs each of these mistakes to see that it is found:
 *   -DNOFENCE    the source resumes on a time-out alone                                                   breaks B
 *   -DNOSTOP     the source works on after HANDED_OVER                                                    breaks A
 *   -DFORGET     HANDED_OVER does not survive the source's restart                                        breaks A
 *   -DNOEXCL     the target's deadline writes REFUSED over an ACTIVATED: no exclusive create              breaks B
 *   -DEARLY      the target emits frames before it recorded its answer                                    breaks B
 *   -DACKFIRST   a frame acknowledges what is applied but not yet logged                                  breaks A
 *   -DLASTWORD   the source takes ACTIVATED for the last word, though the client fenced the epoch         breaks C, D
 *   -DAMNESIA    a client that lost its memory believes the first frame it hears                          breaks B
 * -DATTACH mends the last: such a client attaches through discovery, once the move in progress is decided. No error.
 *
 * Not modelled: loss of a site for good, the standby, the control plane, time, a second move while the first is unconfirmed,
 * and a restarted client that hears a frame of its own epoch from before its restart.
 * Change this first, then the protocol.
 */
#ifndef N
#define N 2                                     /* inputs */
#endif

mtype = { serving, handed, heard, released };   /* the source; heard: knows ACTIVATED, keeps its copy */
mtype = { rounds, whole, lost };                /* the target's copy: all but the final delta, all of it, none */
mtype = { none, activated, refused };           /* the target's recorded answer, one exclusive create */

/* Source. Recorded: s, sEpoch, sLogged, moved (its HANDED_OVER, which is also FINAL said). In memory: sApplied. */
mtype s = serving;
byte sEpoch = 0, sApplied = 0, sLogged = 0;
bool moved = false;
byte final = 0;                                 /* the count that HANDED_OVER and FINAL carry */

/* Target. Recorded: answer (also said, from then on), tLogged, tConfirmed. In memory: copy, tApplied, tVoid. */
mtype copy = rounds, answer = none;
byte tApplied = 0, tLogged = 0;
bool tVoid = false, tConfirmed = false;
bool saidRefused = false;

/* Client. In memory: accepted, fenced. `acked` and `sent` judge the session, whatever the client remembers. */
byte accepted = 0, acked = 0, sent = 0;
bool fenced = false;
bool accepted2 = false;                         /* ever */

/* What the client said of itself. It answers a FENCE so, and every datagram of it repeats (accepted epoch, fenced epoch). */
bool saidAccepted1 = false, saidFenced1 = false;

/* Frames said so far: one bit for each (epoch, count). */
int frames = 0;
#define FRAME(e, k)  (1 << ((e) * (N + 1) + (k)))
#define SAY(e, k)    frames = frames | FRAME(e, k)

/* Crashes left, each also allowed not to happen. */
byte sCrashes = 1, tCrashes = 2, cCrashes = 1;

#ifdef ACKFIRST
#define S_SAYS  SAY(sEpoch, sApplied)
#define T_SAYS  SAY(1, tApplied)
#else
#define S_SAYS  SAY(sEpoch, sLogged)
#define T_SAYS  SAY(1, tLogged)
#endif

#ifdef NOSTOP
#define S_WORKS  (s == serving || s == handed)
#else
#define S_WORKS  (s == serving)
#endif

#define RESUME   sEpoch = 2; s = serving; S_SAYS

active proctype Source() {
  S_SAYS;
end:
  do
  :: atomic { S_WORKS && sApplied < sent -> sApplied++; S_SAYS }             /* hears the next INPUT, in contiguous order */
  :: atomic { S_WORKS && sLogged < sApplied -> sLogged = sApplied; S_SAYS }
  :: atomic { s == serving && !moved ->                                       /* records HANDED_OVER, stops, says FINAL */
       sLogged = sApplied; final = sApplied; moved = true; s = handed }
  :: atomic { s == handed && saidRefused -> RESUME }                          /* hears REFUSED */
  :: atomic { s == handed && answer == activated -> s = heard }               /* hears ACTIVATED: stops asking, keeps its copy */
#ifdef NOFENCE
  :: atomic { s == handed -> RESUME }
#else
#ifdef LASTWORD
  :: atomic { s == handed && saidFenced1 -> RESUME }
#else
  :: atomic { (s == handed || s == heard) && saidFenced1 -> RESUME }          /* the client's word stands above the target's */
#endif
#endif
  :: atomic { (s == handed || s == heard) && saidAccepted1 -> s = released }
  :: atomic { sCrashes > 0 -> sCrashes--;                                     /* crash: what was not logged is undone */
       if
       :: s == serving -> sApplied = sLogged
#ifdef FORGET
       :: s == handed -> s = serving
#endif
       :: skip
       fi }
  od
}

active proctype Target() {
end:
  do
  :: atomic { answer == none && copy == rounds && moved -> copy = whole; tApplied = final;  /* hears FINAL */
#ifdef EARLY
       SAY(1, tApplied)
#endif
     }
  :: atomic { answer == none && copy == whole -> answer = activated; tLogged = tApplied; T_SAYS }
  :: atomic { answer == none -> answer = refused; saidRefused = true }        /* its deadline passed, or it lost the copy */
#ifdef NOEXCL
  :: atomic { answer == activated && !saidRefused -> saidRefused = true }
#endif
  :: atomic { answer == activated && !tVoid && tApplied < sent -> tApplied++; T_SAYS }      /* hears the next INPUT */
  :: atomic { answer == activated && !tVoid && tLogged < tApplied -> tLogged = tApplied; T_SAYS }
  :: atomic { !tVoid && !tConfirmed && saidFenced1 -> tVoid = true }          /* a datagram of the client says so */
  :: atomic { !tVoid && sEpoch == 2 -> tVoid = true }                         /* hears VOID from the source */
  :: atomic { !tConfirmed && s == released -> tConfirmed = true; tVoid = false }            /* hears that it was decided so */
  :: atomic { tCrashes > 0 -> tCrashes--;                                     /* crash: an unanswered copy is lost for good */
       if
       :: answer == none -> copy = lost
       :: answer == activated -> tApplied = tLogged; tVoid = false
       :: skip
       fi }
  od
}

/* Hears frame (e, k): dropped are a stale epoch, one that it promised to refuse, and, by its tick, an old frame of the epoch
   that it is in. Only frames that change something are steps, so that a run ends when all is heard. */
#define WANTED(e)      ((e) >= accepted && !(fenced && (e) == 1))
#define NEWS(e, k)     ((e) > accepted || (k) > acked)
#define HEARS(e, k) \
  atomic { (frames & FRAME(e, k)) && WANTED(e) && NEWS(e, k) -> \
    assert(!((e) == 2 && saidAccepted1) && !((e) == 1 && accepted2)); /* B */ \
    assert(acked <= (k));                                            /* A */ \
    acked = k; accepted = e; \
    if :: (e) == 1 -> saidAccepted1 = true :: (e) == 2 -> accepted2 = true :: else fi }

active proctype Client() {
end:
  do
  :: atomic { sent < N -> sent++ }                       /* says INPUT(sent), and repeats it to either site until acknowledged */
  :: HEARS(0, 1) :: HEARS(0, 2)
  :: HEARS(1, 0) :: HEARS(1, 1) :: HEARS(1, 2)
  :: HEARS(2, 0) :: HEARS(2, 1) :: HEARS(2, 2)
#if N == 3
  :: HEARS(0, 3) :: HEARS(1, 3) :: HEARS(2, 3)
#endif
  :: atomic { moved && accepted < 1 && !fenced -> fenced = true; saidFenced1 = true }       /* hears FENCE(1) and promises */
#ifdef AMNESIA
  :: atomic { cCrashes > 0 -> cCrashes--; accepted = 0; fenced = false }
#endif
#ifdef ATTACH
  /* The client restarts without its memory. Discovery tells it the epoch below which nothing may be accepted, once the move
     is decided; a source that heard ACTIVATED decides it by releasing, and tells the target. */
  :: atomic { cCrashes > 0 && s != handed -> cCrashes--;
       if :: s == heard -> s = released :: else fi;
       fenced = (sEpoch == 2); accepted = (sEpoch == 2 -> 2 : (s == released -> 1 : 0)) }
#endif
  od
}

/* When nothing is left to happen. */
active proctype Judge() {
end:
  atomic { timeout ->
    assert(acked == N);                                                        /* C */
    assert(!moved || s == released || (s == serving && sEpoch == 2)) }         /* D */
}
